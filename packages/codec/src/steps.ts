/** Work in steps, between which whoever does it may do something else. */
export type Steps<R = void> = Generator<void, R, void>;

/** Does it all at once. */
export function toEnd<R>(steps: Steps<R>): R {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
