import { A } from "@solidjs/router";
import { EmptyState } from "../design/pieces.jsx";
import { Title } from "./Title.jsx";

export default function NotFound() {
  return (
    <>
      <Title>Not found</Title>
      <h1 class="unseen">Not found</h1>
      <EmptyState icon="search" title="Nothing is at this address">
        <p>
          It may have been moved or removed. <A href="/">Go to your tasks</A>
        </p>
      </EmptyState>
    </>
  );
}
