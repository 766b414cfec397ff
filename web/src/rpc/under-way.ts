type Change = { signal: AbortSignal };
const changes = new Set<Change>();

/** Keeps account of a change until it has its answer, or is called off by the signal. */
export async function underWay<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const change = { signal };
  changes.add(change);
  try {
    return await answer;
  } finally {
    changes.delete(change);
  }
}

/** Whether a change has been sent, or waits to be sent again, of which nobody knows yet what becomes of it. */
export function isChanging(): boolean {
  return [...changes].some(({ signal }) => !signal.aborted);
}
