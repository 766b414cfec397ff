import type { Query } from "./filter.js";
import { Listing } from "./listing.js";
import type { TaskStore } from "./store.js";

/** How many listings are kept, so that going back shows at once what was there. */
const MOST = 8;
const kept = new WeakMap<TaskStore, Map<string, Listing>>();

/** The listing of a query: the one that is there already, if it was looked at lately. */
export function listingOf(store: TaskStore, query: Query): Listing {
  let listings = kept.get(store);
  if (!listings) kept.set(store, (listings = new Map<string, Listing>()));
  const key = JSON.stringify(query);
  const listing = listings.get(key) ?? new Listing(store, query);
  listings.delete(key);
  listings.set(key, listing);
  const [oldest] = listings.keys();
  if (listings.size > MOST && oldest !== undefined) listings.delete(oldest);
  return listing;
}
