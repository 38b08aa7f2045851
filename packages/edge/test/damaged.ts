/** A plan with one number replaced, wherever it is. */
export function damaged<T extends object>(plan: T, place: number, value: number): T {
  let left = place;
  const changed = (of: unknown): unknown => {
    if (typeof of === "number") return left-- === 0 ? value : of;
    if (Array.isArray(of)) return of.map(changed);
    if (typeof of !== "object" || of === null || of instanceof Uint8Array) return of;
    return Object.fromEntries(Object.entries(of).map(([key, inner]) => [key, changed(inner)]));
  };
  return changed(plan) as T;
}
