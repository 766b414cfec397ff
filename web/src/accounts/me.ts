import { queryOptions, useQuery } from "@tanstack/solid-query";
import type { User } from "../gen/duet/auth/v1/auth_service_pb.js";
import { usePerson } from "../sessions/context.js";
import type { Person } from "../sessions/person.js";

export const meKey = ["account", "me"] as const;

/** The person's own user. */
export function meOf(person: Person) {
  return queryOptions({
    queryKey: meKey,
    queryFn: async ({ signal }) => (await person.account.getMe({}, { signal })).user ?? null,
  });
}

export function useMe() {
  const person = usePerson();
  return useQuery(() => meOf(person));
}

/** What the page calls somebody. */
export function nameOf(user: User | null | undefined): string {
  if (!user) return "";
  return user.displayName === "" ? user.email : user.displayName;
}

/** The first letter of a name, as people see it. */
export function initialOf(name: string): string {
  const [first] = new Intl.Segmenter().segment(name);
  return first?.segment.toUpperCase() ?? "";
}
