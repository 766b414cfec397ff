export default function HistoryView(props: { children?: import("solid-js").JSX.Element }) {
  return <>{props.children}</>;
}
