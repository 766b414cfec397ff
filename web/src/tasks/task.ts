import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { State, type Task as TaskMessage } from "../gen/duet/task/v1/task_service_pb.js";

export type { TaskMessage };

type Kept =
  | "id"
  | "taskListId"
  | "parentId"
  | "title"
  | "notes"
  | "state"
  | "priority"
  | "start"
  | "due"
  | "labels"
  | "blocked"
  | "etag";

/**
 * A task as the page keeps it. Of the server's message it leaves out what no view shows, and has numbers where that has
 * objects: thousands of them are walked through whenever memory is tidied, and the page stands still meanwhile.
 */
export type Task = Pick<TaskMessage, Kept> & {
  /** 0 until the server has it. */
  revision: number;
  /** Times in epoch milliseconds. */
  createTime?: number | undefined;
  updateTime?: number | undefined;
  completeTime?: number | undefined;
  deleteTime?: number | undefined;
  purgeTime?: number | undefined;
};

/** The labels of most tasks, which share it. */
const NONE: string[] = [];

/** What is kept of a message. */
export function taskOf(message: TaskMessage): Task {
  return {
    id: message.id,
    taskListId: message.taskListId,
    parentId: message.parentId,
    title: message.title,
    notes: message.notes,
    state: message.state,
    priority: message.priority,
    start: message.start,
    due: message.due,
    labels: message.labels.length > 0 ? message.labels : NONE,
    blocked: message.blocked,
    etag: message.etag,
    revision: Number(message.revision),
    createTime: milliseconds(message.createTime),
    updateTime: milliseconds(message.updateTime),
    completeTime: milliseconds(message.completeTime),
    deleteTime: milliseconds(message.deleteTime),
    purgeTime: milliseconds(message.purgeTime),
  };
}

function milliseconds(time: Timestamp | undefined): number | undefined {
  return time && timestampMs(time);
}

/** Whether there is nothing left to do. */
export function isDone(task: Task): boolean {
  return task.state === State.COMPLETED || task.state === State.CANCELLED;
}
