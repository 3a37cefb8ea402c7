/**
 * How much of a machine the tab takes, as pure functions: nothing here looks at a browser. Figures are those of the design,
 * sections 6 and 7.
 */
import { LIMITS } from '../../shared/limits.ts';

export interface Device {
  /** Logical cores; undefined where the browser does not tell. */
  readonly cores?: number;
  /** Undefined where the browser does not tell. */
  readonly memoryBytes?: number;
  readonly phone: boolean;
}

const SLOTS_MOST = 8;
/** Under this an engine with any data in it does not work. */
const SLOT_MEMORY_LEAST_BYTES = 128 * 1024 * 1024;
const BATTERY_LOW = 0.3;

/** Share of the CPU that a tab takes unless its volunteer says otherwise; a headless worker takes all. */
export const DEFAULT_SHARE = 0.5;

/** Half the cores, 1..8; one on a phone. */
export function defaultSlots(device: Device): number {
  if (device.phone) return 1;
  return Math.max(1, Math.min(SLOTS_MOST, Math.floor((device.cores ?? 2) / 2)));
}

/**
 * Memory limit of each slot: the design's, made smaller so that all slots together take at most a quarter of the device's memory.
 * A volunteer who asks for more slots than fit gets smaller ones, down to 128 MiB.
 */
export function memoryPerSlotBytes(device: Device, slots: number): number {
  const wanted = device.phone ? LIMITS.slotMemoryPhoneBytes : LIMITS.slotMemoryBytes;
  const quarter = (device.memoryBytes ?? LIMITS.deviceMemoryUnknownBytes) / 4;
  const MiB = 1024 * 1024;
  const each = Math.floor(quarter / Math.max(1, slots) / MiB) * MiB;
  return Math.max(SLOT_MEMORY_LEAST_BYTES, Math.min(wanted, each));
}

export function storeCapBytes(device: Device): number {
  return device.phone ? LIMITS.storePhoneBytes : LIMITS.storeDesktopBytes;
}

/** Memory tier of the block cache. */
export function cacheMemoryBytes(device: Device): number {
  const MiB = 1024 * 1024;
  return device.phone ? 48 * MiB : 192 * MiB;
}

export interface Battery {
  readonly charging: boolean;
  /** 0..1. */
  readonly level: number;
}

/**
 * True while the tab should rest: on battery and low. Once resting it takes a little more charge (5 %) to go on, so that a level
 * at the border does not pause and resume in turns.
 */
export function batteryRests(battery: Battery, resting: boolean): boolean {
  if (battery.charging) return false;
  return battery.level < (resting ? BATTERY_LOW + 0.05 : BATTERY_LOW);
}

/** Slots and share as the volunteer may set them. */
export function clampSlots(slots: number): number {
  return Math.max(1, Math.min(LIMITS.slotsPerWorker, Math.round(slots) || 1));
}

/** At least 5 %: less would only keep leases from others. */
export function clampShare(share: number): number {
  return Math.max(0.05, Math.min(1, Number.isFinite(share) ? share : DEFAULT_SHARE));
}
