/** How others join: an address to type, a code to scan. */
import { useSignal } from '@preact/signals';
import { Qr } from '../ui/qr.tsx';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function joinUrl(): string {
  return `${location.origin}/`;
}

export function InvitePanel() {
  const copied = useSignal(false);
  const url = joinUrl();
  const local = LOOPBACK.test(location.hostname);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(url);
    copied.value = true;
  };
  return (
    <section class="panel block invite" aria-label="Invitation">
      <h2>Invite tabs</h2>
      <div class="invite-row">
        <Qr text={url} label={`QR code of ${url}`} />
        <div class="invite-words">
          <p>
            <a href={url} target="_blank" rel="noreferrer" class="join-url" data-test="join-url">
              {url.replace(/^https?:\/\//, '').replace(/\/$/, '')}
            </a>
          </p>
          {local ? (
            <p class="help">
              This address works on this machine only. To let others in, start the coordinator with <code>--lan</code>.
            </p>
          ) : (
            <p class="help">Scan it, or type the address. Visitors are asked before anything runs.</p>
          )}
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
