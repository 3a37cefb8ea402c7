/** A picture made of pixels, drawn whenever it changes. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Raster } from './raster.ts';

export function Pixels({ raster, label }: { raster: Raster; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const { width, height, rgba } = raster;
    canvas.current?.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  }, [raster]);
  return <canvas ref={canvas} class="pixels" width={raster.width} height={raster.height} role="img" aria-label={label} />;
}
