import { byId } from "../dom.ts";
import { addressProblem, type Settings, tokenDevice, tokenProblem } from "../settings.ts";
import { isDeviceId } from "@isthmus/codec";

export interface SettingsDialog {
  /** Which model the page works with, for people. */
  model(text: string): void;
}

/** Fields that a person fills, and what is wrong with what is in them. */
const PROBLEMS: Readonly<
  Record<keyof Settings, { readonly id: string; readonly problem: (value: string) => string | undefined }>
> = {
  service: { id: "service-url", problem: addressProblem },
  device: {
    id: "device-name",
    problem: (name) => (isDeviceId(name) ? undefined : "A name has 1 to 64 of A-Z a-z 0-9 . _ -, the first no dot."),
  },
  deviceToken: { id: "device-token", problem: tokenProblem },
  readerToken: { id: "reader-token", problem: tokenProblem },
};

/** The settings' dialog; `onSave` has what is right only. */
export function settingsDialog(now: () => Settings, onSave: (settings: Settings) => void): SettingsDialog {
  const dialog = byId<HTMLDialogElement>("settings");
  const fields = Object.entries(PROBLEMS) as [keyof Settings, (typeof PROBLEMS)[keyof Settings]][];
  const fill = (settings: Settings) => {
    for (const [key, { id }] of fields) {
      byId<HTMLInputElement>(id).value = settings[key];
      tell(id, undefined);
    }
  };
  const read = (): Settings => {
    const value = (key: keyof Settings) => byId<HTMLInputElement>(PROBLEMS[key].id).value.trim();
    const deviceToken = value("deviceToken");
    return {
      service: value("service").replace(/\/+$/, ""),
      device: tokenDevice(deviceToken) ?? value("device"),
      deviceToken,
      readerToken: value("readerToken"),
    };
  };
  /** The first field that something is wrong with. */
  const wrong = (settings: Settings): string | undefined => {
    let first: string | undefined;
    for (const [key, { id, problem }] of fields) {
      const text = problem(settings[key]);
      tell(id, text);
      if (text) first ??= id;
    }
    return first;
  };
  byId("open-settings").addEventListener("click", () => {
    fill(now());
    dialog.showModal();
  });
  byId("settings-cancel").addEventListener("click", () => dialog.close());
  byId("settings-form").addEventListener("submit", (event) => {
    const settings = read();
    const id = wrong(settings);
    if (id === undefined) return onSave(settings);
    event.preventDefault();
    byId(id).focus();
  });
  return { model: (text) => (byId("model-now").textContent = text) };
}

function tell(id: string, problem: string | undefined): void {
  byId(id).setAttribute("aria-invalid", String(problem !== undefined));
  byId(`${id}-error`).textContent = problem ?? "";
}
