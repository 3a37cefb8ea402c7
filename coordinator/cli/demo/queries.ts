/** What the demo asks. Written to be read: plain questions, and SQL that any database runs. */
export interface DemoQuery {
  readonly question: string;
  readonly sql: string;
  /** Columns whose order the query promises. */
  readonly orderedBy: readonly number[];
  /** A tab is closed while this one runs. */
  readonly closesTab: boolean;
}

export const QUERIES: readonly DemoQuery[] = [
  {
    question: 'From which airports do flights leave latest?',
    sql: `SELECT a.name AS airport, a.state, count(*) AS flights, round(avg(f.delay), 3) AS mean_delay
FROM flights f JOIN airports a ON f.origin = a.iata
GROUP BY a.name, a.state
HAVING count(*) >= 5000
ORDER BY mean_delay DESC, airport
LIMIT 8`,
    orderedBy: [3, 0],
    closesTab: false,
  },
  {
    question: 'Do long flights make up for their delays?',
    sql: `SELECT distance // 500 * 500 AS miles_from, count(*) AS flights, round(avg(delay), 3) AS mean_delay,
       sum(CASE WHEN delay > 60 THEN 1 ELSE 0 END) AS over_an_hour, max(delay) AS worst
FROM flights
GROUP BY 1
ORDER BY 1`,
    orderedBy: [0],
    closesTab: false,
  },
  {
    question: 'Which hours at which airport were the worst of the half-year?',
    sql: `SELECT origin, date_trunc('hour', date) AS hour, count(*) AS flights, sum(delay) AS minutes_lost
FROM flights
GROUP BY 1, 2
ORDER BY minutes_lost DESC, origin, hour
LIMIT 8`,
    orderedBy: [3, 0, 1],
    closesTab: true,
  },
  {
    question: 'What was ordered, discounted and charged? (six million order lines, after TPC-H Q1)',
    sql: `SELECT return_flag, line_status, sum(quantity) AS quantity, sum(extended_price) AS base_price,
       sum(extended_price * (1 - discount)) AS discounted,
       sum(extended_price * (1 - discount) * (1 + tax)) AS charged,
       avg(discount) AS mean_discount, count(*) AS lines
FROM order_lines
WHERE ship_date <= DATE '1998-09-02'
GROUP BY return_flag, line_status
ORDER BY return_flag, line_status`,
    orderedBy: [0, 1],
    closesTab: false,
  },
  {
    question: 'How much would no discounts on small orders have brought in 1994? (after TPC-H Q6)',
    sql: `SELECT sum(extended_price * discount) AS revenue, count(*) AS lines
FROM order_lines
WHERE ship_date >= DATE '1994-01-01' AND ship_date < DATE '1995-01-01'
  AND discount BETWEEN 0.05 AND 0.07 AND quantity < 24`,
    orderedBy: [],
    closesTab: false,
  },
];
