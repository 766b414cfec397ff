export default function DeletionView(props: { children?: import("solid-js").JSX.Element }) {
  return <>{props.children}</>;
}
