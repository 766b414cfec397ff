import { State } from "../gen/duet/task/v1/task_service_pb.js";

/** How far a task has come, in people's words. */
export const stateNames: Record<State, string> = {
  [State.UNSPECIFIED]: "",
  [State.NEEDS_ACTION]: "To do",
  [State.IN_PROCESS]: "Begun",
  [State.COMPLETED]: "Done",
  [State.CANCELLED]: "Cancelled",
};
