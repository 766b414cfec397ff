export default function SessionsView(props: { children?: import("solid-js").JSX.Element }) {
  return <>{props.children}</>;
}
