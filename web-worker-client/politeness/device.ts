/** What the browser tells about its machine. Call it in the page: workers lack some of it. */
import type { Device } from './policy.ts';

/** Members that are not in every browser. */
interface NavigatorExtras {
  readonly deviceMemory?: number;
  readonly userAgentData?: { readonly mobile?: boolean };
}

export function readDevice(navigator_: Navigator = navigator): Device {
  const extras = navigator_ as Navigator & NavigatorExtras;
  const touchMac = /Macintosh/.test(navigator_.userAgent) && navigator_.maxTouchPoints > 1;
  const phone = extras.userAgentData?.mobile ?? (touchMac || /Android|iPhone|iPad|iPod|Mobile/.test(navigator_.userAgent));
  return {
    phone,
    ...(navigator_.hardwareConcurrency ? { cores: navigator_.hardwareConcurrency } : {}),
    ...(extras.deviceMemory === undefined ? {} : { memoryBytes: extras.deviceMemory * 1024 ** 3 }),
  };
}
