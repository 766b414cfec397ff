const changes = new Set<AbortSignal>();

/** Keeps account of a change until it has its answer; one that is called off is not waited for. */
export async function underWay<T>(change: Promise<T>, signal: AbortSignal): Promise<T> {
  // A signal of its own: two changes of one person are two.
  const own = AbortSignal.any([signal]);
  changes.add(own);
  try {
    return await change;
  } finally {
    changes.delete(own);
  }
}

/** Whether a change has been sent, or waits to be sent again, of which nobody knows yet what becomes of it. */
export function isChanging(): boolean {
  return [...changes].some((signal) => !signal.aborted);
}
