/** How others join: an address to type, a code to scan. */
import { useSignal } from '@preact/signals';
import { Qr } from '../ui/qr.tsx';
import { joinUrl } from './live.ts';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** What is said beside the code: whom it serves. */
function adviceFor(url: URL, known: boolean): string {
  if (LOOPBACK.test(url.hostname))
    return 'This address works on this machine only. To let others in, start the coordinator with --lan.';
  if (known) return 'Scan it, or type the address. Visitors are asked before anything runs.';
  return 'Others need a link with a token: share the one that the coordinator printed when it started.';
}

export function InvitePanel() {
  const copied = useSignal(false);
  const link = joinUrl.value ?? `${location.origin}/`;
  const url = new URL(link);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(link);
    copied.value = true;
  };
  return (
    <section class="panel block invite" aria-label="Invitation">
      <h2>Invite tabs</h2>
      <div class="invite-row">
        <Qr text={link} label={`QR code of ${url.host}`} />
        <div class="invite-words">
          <p>
            <a href={link} target="_blank" rel="noreferrer" class="join-url" data-test="join-url">
              {url.host}
            </a>
          </p>
          <p class="help">{adviceFor(url, joinUrl.value !== undefined)}</p>
          {navigator.clipboard !== undefined && (
            <button type="button" onClick={() => void copy()}>
              {copied.value ? 'Copied' : 'Copy link'}
            </button>
          )}
        </div>
      </div>
    </section>
  );
}
