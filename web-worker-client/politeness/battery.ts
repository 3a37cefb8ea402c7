/** Watches the battery where the browser lets us (Chromium only). */
import { batteryRests } from './policy.ts';

interface BatteryManager extends EventTarget {
  readonly charging: boolean;
  readonly level: number;
}

/** Calls `onChange` with true when the tab should rest and with false when it may work again. Returns how to stop. */
export function watchBattery(onChange: (rests: boolean) => void): () => void {
  const getBattery = (navigator as Navigator & { getBattery?: () => Promise<BatteryManager> }).getBattery;
  if (!getBattery) return () => undefined;
  let stopped = false;
  let resting = false;
  let stop = (): void => undefined;
  getBattery
    .call(navigator)
    .then((battery) => {
      if (stopped) return;
      const look = (): void => {
        const rests = batteryRests(battery, resting);
        if (rests === resting) return;
        resting = rests;
        onChange(rests);
      };
      battery.addEventListener('levelchange', look);
      battery.addEventListener('chargingchange', look);
      stop = () => {
        battery.removeEventListener('levelchange', look);
        battery.removeEventListener('chargingchange', look);
      };
      look();
    })
    // A policy forbids it: then the volunteer's own pause is what there is.
    .catch(() => undefined);
  return () => {
    stopped = true;
    stop();
  };
}
