export default function ProfileView(props: { children?: import("solid-js").JSX.Element }) {
  return <>{props.children}</>;
}
