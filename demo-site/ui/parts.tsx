/** Small parts that both pages share. */
import type { ComponentChildren } from 'preact';

/** Nine squares, some of them at work. */
export function Brand({ page, children }: { page: string; children?: ComponentChildren }) {
  return (
    <header class="topbar">
      <p class="brand">
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
          <rect width="32" height="32" rx="7" class="brand-back" />
          {[0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => (
            <rect
              key={i}
              class={i === 1 || i === 7 ? 'brand-cell dim' : 'brand-cell'}
              x={6 + (i % 3) * 7.25}
              y={6 + Math.floor(i / 3) * 7.25}
              width="5.5"
              height="5.5"
              rx="1.2"
            />
          ))}
        </svg>
        <strong>Muster</strong>
        <span class="brand-page">{page}</span>
      </p>
      {children}
    </header>
  );
}

export type LampState = 'idle' | 'working' | 'paused' | 'disconnected';

/** A state's shape: told apart without colour. */
export function Lamp({ state, size = 14 }: { state: LampState; size?: number }) {
  return (
    <svg class={`lamp ${state}`} viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      {state === 'idle' && <circle cx="8" cy="8" r="5.5" class="lamp-line" />}
      {state === 'working' && <circle cx="8" cy="8" r="7" class="lamp-fill" />}
      {state === 'paused' && <path d="M3.5 2h3v12h-3zM9.5 2h3v12h-3z" class="lamp-fill" />}
      {state === 'disconnected' && <path d="M3 3l10 10M13 3L3 13" class="lamp-line" />}
    </svg>
  );
}

export function Notice({
  tone = 'info',
  title,
  children,
}: {
  tone?: 'info' | 'warn' | 'bad' | 'good';
  title?: string;
  children?: ComponentChildren;
}) {
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'note'}>
      {title !== undefined && <strong>{title}</strong>}
      {children}
    </div>
  );
}

/** A labelled slider with its value in words beside it. */
export function Slider(props: {
  id: string;
  label: string;
  min: number;
  max: number;
  step: number;
  value: number;
  words: string;
  help?: string;
  onValue: (value: number) => void;
}) {
  const { id, label, min, max, step, value, words, help, onValue } = props;
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <output for={id}>{words}</output>
      <input
        id={id}
        data-test={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={words}
        {...(help === undefined ? {} : { 'aria-describedby': `${id}-help` })}
        onInput={(event) => onValue(Number(event.currentTarget.value))}
      />
      {help !== undefined && (
        <p class="help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

/** `done` of `total`, as a bar with a name for screen readers. */
export function Bar({ done, total, label, tone = 'work' }: { done: number; total: number; label: string; tone?: string }) {
  const part = total <= 0 ? 0 : Math.min(1, done / total);
  return (
    <div
      class={`bar ${tone}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(part * 100)}
    >
      <div class="bar-fill" style={{ width: `${part * 100}%` }} />
    </div>
  );
}
