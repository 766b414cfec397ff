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
          <path class="door-both" d="M150.4 101.4a150 150 0 0 1 119.2 197.2a150 150 0 0 1-119.2-197.2Z" />
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
