/**
 * Tabs as the ARIA Authoring Practices describe them: arrow keys, Home and End move between them, and only the chosen one is in the tab order.
 *
 * @param onChange called with the id of the panel that is shown from now on
 */
export function tabs(list: HTMLElement, onChange: (panel: string) => void): { show: (panel: string) => void } {
  const all = [...list.querySelectorAll<HTMLButtonElement>('[role="tab"]')];
  const panelOf = (tab: HTMLButtonElement) => tab.getAttribute("aria-controls")!;
  const choose = (tab: HTMLButtonElement) => {
    if (tab.getAttribute("aria-selected") === "true") return;
    mark(tab);
    onChange(panelOf(tab));
  };
  const mark = (chosen: HTMLButtonElement) => {
    for (const tab of all) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
      document.getElementById(panelOf(tab))!.hidden = tab !== chosen;
    }
  };
  const step = (from: number, key: string): number | undefined =>
    ({ ArrowRight: from + 1, ArrowLeft: from - 1 + all.length, Home: 0, End: all.length - 1 })[key];
  all.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const next = step(i, event.key);
      if (next === undefined) return;
      event.preventDefault();
      const target = all[next % all.length]!;
      target.focus();
      choose(target);
    });
  });
  mark(all.find((tab) => tab.getAttribute("aria-selected") === "true") ?? all[0]!);
  return { show: (panel) => choose(all.find((tab) => panelOf(tab) === panel)!) };
}
