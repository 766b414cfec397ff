/** What tabs tell each other; never a token. `sub` is the id of the user concerned. `met`: the cookie is theirs. */
export type News = { kind: "signed-in" | "signed-out" | "met"; sub: string };

const channel = new BroadcastChannel("duet-session");

/** Tells the other tabs of this browser. */
export function tell(news: News): void {
  channel.postMessage(news);
}

/** Hears the other tabs, as long as this one lives. */
export function onNews(heard: (news: News) => void): void {
  channel.addEventListener("message", ({ data }: MessageEvent<News>) => heard(data));
}
