/** The token of whoever looks, for as long as the tab is open. It is sent as a header and is no cookie, so no other site can use it. */

const KEY = "isthmus.token";

export function token() {
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** @param {string} value */
export function signIn(value) {
  sessionStorage.setItem(KEY, value);
}

export function signOut() {
  sessionStorage.removeItem(KEY);
}

/** What a token says of itself; whether that is true is the service's to say. */
export function holder() {
  const [role, name] = (token() ?? "").split(".").length >= 4 ? splitToken(/** @type {string} */ (token())) : [];
  return { role, name };
}

/** `<role>.<name>.<generation>.<mac>`; a name may hold dots. @param {string} text */
function splitToken(text) {
  const parts = text.split(".");
  return [parts[0], parts.slice(1, -2).join(".")];
}
