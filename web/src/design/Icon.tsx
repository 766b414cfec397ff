/** Drawn on a grid of 24 with one stroke. */
const paths = {
  alert:
    "M12 8v5m0 3.5v.01M10.3 3.9 2.5 17.4A2 2 0 0 0 4.2 20.5h15.6a2 2 0 0 0 1.7-3.1L13.7 3.9a2 2 0 0 0-3.4 0Z",
  back: "M19 12H5m6-6-6 6 6 6",
  bolt: "M13 2 4 14h7l-1 8 9-12h-7l1-8Z",
  calendar:
    "M4 6.5a1.5 1.5 0 0 1 1.5-1.5h13A1.5 1.5 0 0 1 20 6.5v13a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 19.5ZM4 10h16M8 3v4m8-4v4",
  choose: "M4.5 4.5h15v15h-15ZM8 12.2l3 3 5-6",
  check: "m4.5 12.5 5 5 10-11",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10.5v10.5H9ZM5 15H4.5V4.5H15V5",
  devices: "M3 5.5h14v9H3ZM7 18.5h5M18 9.5h3v9h-5",
  dots: "M4.5 12a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0m6.9 0a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0m6.9 0a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0",
  down: "m6 9 6 6 6-6",
  edit: "M4 20h4L19.5 8.5l-4-4L4 16Zm9-13 4 4",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z",
  eyeOff:
    "M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-2.6 3.3M6.3 7.3A15.5 15.5 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.4-1.2M3.5 3.5l17 17",
  filter: "M4 6h16M7 12h10m-7 6h4",
  flag: "M5.5 21V4.5h12l-2.5 4 2.5 4h-12",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  history: "M4 5v5h5M4.6 10A8 8 0 1 1 4 13m8-5v4.5l3 2",
  inbox: "M4 13 6.5 5h11L20 13v6H4ZM4 13h4.5a3.5 3.5 0 0 0 7 0H20",
  key: "M14.5 9.5a4 4 0 1 1-1.2-2.8 4 4 0 0 1 1.2 2.8ZM13.5 12l7 7m-3-3-2 2",
  keyboard: "M3 7h18v10H3ZM7 11h.01M11 11h.01M15 11h.01M8 14h8",
  list: "M8.5 6.5H20M8.5 12H20M8.5 17.5H20M4 6.5h.01M4 12h.01M4 17.5h.01",
  logout: "M10 4H5v16h5M15 8l4 4-4 4m4-4H9",
  menu: "M4 7h16M4 12h16M4 17h16",
  minus: "M6 12h12",
  monitor: "M3.5 5h17v11h-17ZM9 20h6",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  plus: "M12 5v14M5 12h14",
  restore: "M4 9h10a5.5 5.5 0 0 1 0 11H9M4 9l4.5-4.5M4 9l4.5 4.5",
  right: "m9 6 6 6-6 6",
  search: "M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12ZM15 15l5 5",
  sort: "M7 5v14m0 0-3-3m3 3 3-3M17 19V5m0 0-3 3m3-3 3 3",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2.5v2m0 15v2M2.5 12h2m15 0h2M5.3 5.3l1.4 1.4m10.6 10.6 1.4 1.4m0-13.4-1.4 1.4M6.7 17.3l-1.4 1.4",
  tag: "M12.5 4H20v7.5L11.5 20 4 12.5ZM16 8h.01",
  trash: "M4.5 6.5h15M9.5 6V4h5v2M6.5 6.5 7.5 20h9l1-13.5M10 10.5v6m4-6v6",
  up: "m6 15 6-6 6 6",
  user: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM4.5 20.5c.5-4 3.5-6 7.5-6s7 2 7.5 6",
} as const;

export type IconName = keyof typeof paths;

/** A picture beside words, or in a button that has a name. What it `says` is heard before the words; else it is not. */
export function Icon(props: { name: IconName; class?: string; says?: string }) {
  return (
    <svg
      class={`icon ${props.class ?? ""}`}
      viewBox="0 0 24 24"
      role={props.says ? "img" : undefined}
      aria-label={props.says}
      aria-hidden={!props.says}
    >
      <path d={paths[props.name]} />
    </svg>
  );
}

/** Two voices, and what they have in common. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 40 28" aria-hidden="true">
      <circle class="mark-first" cx="14" cy="14" r="12" />
      <circle class="mark-second" cx="26" cy="14" r="12" />
      <path class="mark-both" d="M20 3.6a12 12 0 0 1 0 20.8 12 12 0 0 1 0-20.8Z" />
    </svg>
  );
}
