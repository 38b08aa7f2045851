/** Tells the page's other tabs that the queue changed, and hears of it. */
export function tabNews(onNews: () => void): { tell: () => void } {
  const channel = new BroadcastChannel("isthmus-page");
  channel.addEventListener("message", onNews);
  return { tell: () => channel.postMessage("queue") };
}
