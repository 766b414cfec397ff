export default function AccountPage(props: { children?: import("solid-js").JSX.Element }) {
  return <>{props.children}</>;
}
