import { IsthmusError } from "@isthmus/math";

/** What to throw at the use of something that was given back. */
export function disposed(what: string): IsthmusError {
  return new IsthmusError("ENGINE_DISPOSED", `this ${what} was disposed of; make a new one`, { what });
}
