import { byId } from "../dom.ts";

/** Tells a screen reader something that is not otherwise said; the last of several in quick succession. */
export function announcer(): (text: string) => void {
  const region = byId("announcer");
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => (region.textContent = text), 150);
  };
}
