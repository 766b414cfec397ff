import type { JSX } from "solid-js";
import { Mark } from "../design/Icon.jsx";
import { Title } from "../shell/Title.jsx";
import "./door.css";

/** What login and sign-up have around them. */
export function Door(props: { title: string; children: JSX.Element }) {
  return (
    <div class="door">
      <Title>{props.title}</Title>
      <aside class="door-scene" aria-hidden="true">
        <svg class="door-circles" viewBox="0 0 400 400" preserveAspectRatio="xMidYMid slice">
          <circle class="door-first" cx="130" cy="250" r="150" />
          <circle class="door-second" cx="290" cy="150" r="150" />
          <clipPath id="door-lens">
            <circle cx="130" cy="250" r="150" />
          </clipPath>
          <circle class="door-both" cx="290" cy="150" r="150" clip-path="url(#door-lens)" />
        </svg>
        <p class="door-line">
          Everything you have to do.
          <br />
          Nothing you have to look for.
        </p>
      </aside>
      <main class="door-main">
        <div class="door-box">
          <span class="brand">
            <Mark /> Duet
          </span>
          <h1>{props.title}</h1>
          {props.children}
        </div>
      </main>
    </div>
  );
}
