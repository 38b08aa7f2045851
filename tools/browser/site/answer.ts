/** What a place says when it is asked: a value as it is, an error with its message for people. */
export type Answer<T> = { readonly value: T } | { readonly error: string; readonly stack: string };

export async function answer<T>(make: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await make() };
  } catch (error) {
    const { message = String(error), stack = message } = error as Partial<Error>;
    return { error: message, stack };
  }
}
