import { byId, grouped } from "../dom.ts";
import { type Counts, counts, returnAside } from "../outbox/outbox.ts";
import type { SendState } from "../outbox/sender.ts";

export interface QueueView {
  refresh(): Promise<Counts>;
  state(state: SendState): void;
}

/** What waits, what was sent, and why nothing goes where it does not. */
export function queueView({ onRetry }: { readonly onRetry: () => void }): QueueView {
  const [state, again, back] = [byId("queue-state"), byId("send-now"), byId("return-aside")];
  let ticking: ReturnType<typeof setInterval> | undefined;

  const refresh = async (): Promise<Counts> => {
    const now = await counts();
    byId("queue-waiting").textContent = withBytes(now.waiting, now.waitingBytes);
    byId("queue-sent").textContent = withBytes(now.sent, now.sentBytes);
    byId("queue-aside").textContent = grouped(now.aside);
    back.hidden = now.aside === 0;
    return now;
  };
  const show = (told: SendState) => {
    clearInterval(ticking);
    again.hidden = told.kind !== "waiting";
    const text = () => stateText(told);
    if (state.textContent !== text()) state.textContent = text();
    if (told.kind === "waiting") ticking = setInterval(() => (state.textContent = text()), 5_000);
  };
  again.addEventListener("click", onRetry);
  back.addEventListener("click", () => void returnAside().then(refresh).then(onRetry));
  return { refresh, state: show };
}

function withBytes(frames: number, bytes: number): string {
  return frames === 0 ? "0" : `${grouped(frames)} (${grouped(bytes)} bytes)`;
}

function stateText(told: SendState): string {
  switch (told.kind) {
    case "idle":
      return "";
    case "sending":
      return "Sending …";
    case "no-service":
      return "No service is set: frames wait here until there is one.";
    case "offline":
      return "Offline: frames wait here and are sent on return.";
    case "waiting": {
      const seconds = Math.max(1, Math.round((told.until - Date.now()) / 1000));
      return `Not sent: ${told.why}. Next attempt in ${seconds} s.`;
    }
  }
}
