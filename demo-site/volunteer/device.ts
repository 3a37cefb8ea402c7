/** What this browser is, as far as consent and defaults need it: the client, which knows more, is not loaded yet. */
import { LIMITS } from '../../shared/limits.ts';

export interface Device {
  readonly cores: number;
  /** Slots that a volunteer may lend: one a core, and two where the browser hides how many there are. */
  readonly slotsMost: number;
  readonly phone: boolean;
  /** https or localhost: browsers offer their full set of interfaces, and brotli, only there. */
  readonly secure: boolean;
}

export function deviceOf({ cores, phone, secure }: Omit<Device, 'slotsMost'>): Device {
  const counted = Math.max(1, Math.min(cores, LIMITS.slotsPerWorker));
  return { cores: counted, slotsMost: Math.max(2, counted), phone, secure };
}

export function readDevice(): Device {
  const { userAgent, maxTouchPoints, hardwareConcurrency } = navigator;
  // iPads call themselves Macs.
  const touchMac = /Macintosh/.test(userAgent) && maxTouchPoints > 1;
  const phone = touchMac || /Android|iPhone|iPad|iPod|Mobile/.test(userAgent);
  return deviceOf({ cores: hardwareConcurrency || 2, phone, secure: window.isSecureContext });
}

/** Half the cores and at most 8; one on phones (design, section 6). */
export function defaultSlots({ cores, phone }: Device): number {
  return phone ? 1 : Math.max(1, Math.min(Math.floor(cores / 2), 8));
}

/** The engine as it travels: brotli where the browser takes it, else gzip. */
export function engineDownloadBytes({ secure }: Device): number {
  return secure ? 5_300_000 : 8_100_000;
}

export function storeCapBytes({ phone }: Device): number {
  return phone ? LIMITS.storePhoneBytes : LIMITS.storeDesktopBytes;
}
