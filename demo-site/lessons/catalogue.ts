/** All lessons, in the order in which a class may take them. */
import { alignmentLesson } from './catalogue/alignment.tsx';
import { componentsLesson } from './catalogue/components.tsx';
import { indexLesson } from './catalogue/inverted-index.tsx';
import { kMeansLesson } from './catalogue/k-means.tsx';
import { mandelbrotLesson } from './catalogue/mandelbrot.tsx';
import { pageRankLesson } from './catalogue/page-rank.tsx';
import { piLesson } from './catalogue/pi.tsx';
import { queensLesson } from './catalogue/queens.tsx';
import { shaLesson } from './catalogue/sha-256.tsx';
import { wordCountLesson } from './catalogue/word-count.tsx';
import type { Lesson } from './lesson.ts';

export const LESSONS: readonly [Lesson, ...Lesson[]] = [
  mandelbrotLesson,
  piLesson,
  wordCountLesson,
  indexLesson,
  queensLesson,
  shaLesson,
  kMeansLesson,
  pageRankLesson,
  componentsLesson,
  alignmentLesson,
];
