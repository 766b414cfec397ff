export default function PasswordView(props: { children?: import("solid-js").JSX.Element }) {
  return <>{props.children}</>;
}
