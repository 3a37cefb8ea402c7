/** All lessons, in the order in which a class may take them. */
import { kMeansLesson } from './catalogue/k-means.tsx';
import { wordCountLesson } from './catalogue/word-count.tsx';
import type { Lesson } from './lesson.ts';

export const LESSONS: readonly [Lesson, ...Lesson[]] = [wordCountLesson, kMeansLesson];
