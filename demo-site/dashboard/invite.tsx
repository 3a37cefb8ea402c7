/** How others join: an address to type, a code to scan. */
import { useSignal } from '@preact/signals';
import { Qr } from '../ui/qr.tsx';
import { joinUrl } from './live.ts';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** What is said beside the code: whom it serves. */
function Advice({ url, known }: { url: URL; known: boolean }) {
  if (LOOPBACK.test(url.hostname)) {
    return (
      <p class="help">
        This address works on this machine only. To let others in, start the coordinator with <code class="whole">--lan</code>.
      </p>
    );
  }
  if (known) return <p class="help">Scan it, or type the address. Visitors are asked before anything runs.</p>;
  return <p class="help">Others need a link with a token: share the one that the coordinator printed when it started.</p>;
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
          <Advice url={url} known={joinUrl.value !== undefined} />
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
