/** What a page says when it is asked, from itself or from its worker: values as they are, errors as text. */
export type Answer<T> = { readonly value: T } | { readonly error: string };

export async function answer<T>(make: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await make() };
  } catch (error) {
    const { stack, message } = error as { stack?: string; message?: string };
    return { error: stack ?? message ?? String(error) };
  }
}
