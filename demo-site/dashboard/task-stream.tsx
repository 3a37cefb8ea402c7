/** The last minute, one row a slot. */
import { useEffect, useRef } from 'preact/hooks';
import { taskStream, workers } from './live.ts';

const WINDOW_MS = 60_000;
const ROW_PX = 14;
const GAP_PX = 3;
/** Okabe and Ito without red and black, which stand for transfers and errors. */
export const STAGE_COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#8a7ad6'] as const;
const TRANSFER_COLOUR = '#d55e00';
const ERROR_COLOUR = '#000000';

function draw(canvas: HTMLCanvasElement, nowMs: number): void {
  const rows = taskStream.rows;
  const width = canvas.clientWidth;
  const height = Math.max(1, rows.length) * (ROW_PX + GAP_PX);
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.fillStyle = getComputedStyle(canvas).getPropertyValue('--row');
  const index = new Map(rows.map((row, i) => [row, i]));
  for (let i = 0; i < rows.length; i += 1) context.fillRect(0, i * (ROW_PX + GAP_PX), width, ROW_PX);
  const begin = nowMs - WINDOW_MS;
  for (const span of taskStream.spans) {
    const row = index.get(span.row);
    const to = span.toMs ?? nowMs;
    if (row === undefined || to < begin) continue;
    const x = (Math.max(0, span.fromMs - begin) / WINDOW_MS) * width;
    const end = ((to - begin) / WINDOW_MS) * width;
    const y = row * (ROW_PX + GAP_PX);
    const spanPx = Math.max(1.5, end - x);
    context.fillStyle = span.failed ? ERROR_COLOUR : (STAGE_COLOURS[span.stage % STAGE_COLOURS.length] ?? TRANSFER_COLOUR);
    context.fillRect(x, y, spanPx, ROW_PX);
    if (span.transferMs > 0) {
      context.fillStyle = TRANSFER_COLOUR;
      context.fillRect(x, y, Math.min(spanPx, (span.transferMs / WINDOW_MS) * width), ROW_PX);
    }
  }
}

export function TaskStreamPanel() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    // Eight frames a second are enough for the eye, and cheap beside the work that it shows.
    const timer = setInterval(() => {
      if (canvas.current !== null && document.visibilityState === 'visible') draw(canvas.current, performance.now());
    }, 125);
    return () => clearInterval(timer);
  }, []);
  const slots = [...workers.value.values()].reduce((sum, worker) => sum + worker.slots, 0);
  return (
    <section class="panel block" aria-label="Task stream">
      <header class="block-head">
        <h2>Task stream</h2>
        <span class="muted small">one row a slot, one colour a stage; transfers red, failures black</span>
      </header>
      <div class="stream">
        <canvas ref={canvas} role="img" aria-label={`What ${slots} slots did in the last minute`} />
        {slots === 0 && <p class="empty">No slots yet.</p>}
      </div>
      <p class="axis muted small" aria-hidden="true">
        <span>60 s ago</span>
        <span>now</span>
      </p>
    </section>
  );
}
