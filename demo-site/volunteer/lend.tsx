/** How much the volunteer lends: before joining with words that explain it, after with the sliders alone. */
import { Slider } from '../ui/parts.tsx';
import { device, setShare, setSlots, share, slots } from './model.ts';

const HELP = {
  slots: 'Each slot works on one task at a time and uses at most one processor core.',
  share: 'How much of the time each slot computes. Lower keeps the machine cooler and quieter.',
} as const;

export function LendSliders({ explained = false }: { explained?: boolean }) {
  const most = device.slotsMost;
  const percent = Math.round(share.value * 100);
  const help = (what: keyof typeof HELP) => (explained ? { help: HELP[what] } : {});
  return (
    <>
      <Slider
        id="slots"
        label="Slots"
        min={1}
        max={most}
        step={1}
        value={slots.value}
        words={`${slots.value} of ${most}`}
        {...help('slots')}
        onValue={setSlots}
      />
      <Slider
        id="share"
        label="CPU share"
        min={10}
        max={100}
        step={5}
        value={percent}
        words={`${percent} %`}
        {...help('share')}
        onValue={(wanted) => setShare(wanted / 100)}
      />
    </>
  );
}
