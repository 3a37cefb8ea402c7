/**
 * Tables of the shape of TPC-H, tiny, with values drawn so that each of its queries finds something: names and types are the
 * specification's, the rest is not.
 */
const choose = (words: readonly string[], by: string): string =>
  `list_extract([${words.map((w) => `'${w}'`).join(', ')}], 1 + ((${by}) % ${words.length})::INTEGER)`;

const NATIONS = [
  ['ALGERIA', 0],
  ['ARGENTINA', 1],
  ['BRAZIL', 1],
  ['CANADA', 1],
  ['EGYPT', 4],
  ['ETHIOPIA', 0],
  ['FRANCE', 3],
  ['GERMANY', 3],
  ['INDIA', 2],
  ['INDONESIA', 2],
  ['IRAN', 4],
  ['IRAQ', 4],
  ['JAPAN', 2],
  ['JORDAN', 4],
  ['KENYA', 0],
  ['MOROCCO', 0],
  ['MOZAMBIQUE', 0],
  ['PERU', 1],
  ['CHINA', 2],
  ['ROMANIA', 3],
  ['SAUDI ARABIA', 4],
  ['VIETNAM', 2],
  ['RUSSIA', 3],
  ['UNITED KINGDOM', 3],
  ['UNITED STATES', 1],
] as const;

const SUPPLIERS = 60;
const PARTS = 200;
const CUSTOMERS = 150;
const ORDERS = 1500;
/** The supplier of a part, one of four: partsupp and lineitem agree about it. */
const supplierOf = (part: string, which: string): string => `(1 + (${part} * 7 + (${which}) * 13) % ${SUPPLIERS})::BIGINT`;
const money = (by: string, low: number, high: number): string =>
  `(${low} + (${by}) % ${(high - low) * 100} / 100)::DECIMAL(15,2)`;

export const TPCH_TABLES = [
  {
    name: 'region',
    chunkRows: 1000,
    sql: `SELECT i::INTEGER AS r_regionkey, list_extract(['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'], i + 1) AS r_name, 'r' AS r_comment FROM range(5) t(i)`,
  },
  {
    name: 'nation',
    chunkRows: 1000,
    sql: `SELECT i::INTEGER AS n_nationkey, list_extract([${NATIONS.map(([n]) => `'${n}'`).join(', ')}], i + 1) AS n_name,
      list_extract([${NATIONS.map(([, r]) => r).join(', ')}], i + 1)::INTEGER AS n_regionkey, 'n' AS n_comment FROM range(25) t(i)`,
  },
  {
    name: 'supplier',
    chunkRows: 1000,
    sql: `SELECT i::BIGINT AS s_suppkey, 'Supplier#' || lpad(i::VARCHAR, 9, '0') AS s_name, 'at ' || i AS s_address, (i % 25)::INTEGER AS s_nationkey,
      (10 + i % 25) || '-555-' || i AS s_phone, ${money('hash(i, 1)', -900, 9000)} AS s_acctbal,
      CASE WHEN i % 9 = 0 THEN 'a Customer with Complaints' ELSE 'nothing' END AS s_comment FROM range(1, ${SUPPLIERS + 1}) t(i)`,
  },
  {
    name: 'customer',
    chunkRows: 40,
    sql: `SELECT i::BIGINT AS c_custkey, 'Customer#' || lpad(i::VARCHAR, 9, '0') AS c_name, 'at ' || i AS c_address, (hash(i, 2) % 25)::INTEGER AS c_nationkey,
      (10 + hash(i, 2) % 25) || '-555-' || i AS c_phone, ${money('hash(i, 3)', -900, 9000)} AS c_acctbal,
      ${choose(['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'MACHINERY', 'HOUSEHOLD'], 'hash(i, 4)')} AS c_mktsegment, 'c' AS c_comment
      FROM range(1, ${CUSTOMERS + 1}) t(i)`,
  },
  {
    name: 'part',
    chunkRows: 50,
    sql: `SELECT i::BIGINT AS p_partkey, ${choose(['forest', 'green', 'azure', 'ivory'], 'hash(i, 5)')} || ' ' || ${choose(['green', 'lace', 'rose'], 'hash(i, 6)')} AS p_name,
      'Manufacturer#' || 1 + i % 5 AS p_mfgr, ${choose(['Brand#12', 'Brand#23', 'Brand#34', 'Brand#45', 'Brand#51'], 'hash(i, 7)')} AS p_brand,
      ${choose(['PROMO BURNISHED TIN', 'ECONOMY ANODIZED STEEL', 'MEDIUM POLISHED BRASS', 'SMALL PLATED BRASS', 'LARGE BRUSHED NICKEL'], 'hash(i, 8)')} AS p_type,
      ${choose(['15', '3', '49', '9', '14', '23', '45', '19', '36', '1'], 'hash(i, 9)')}::INTEGER AS p_size,
      ${choose(['SM CASE', 'SM BOX', 'MED BOX', 'MED PKG', 'LG CASE', 'LG PKG'], 'hash(i, 10)')} AS p_container, ${money('hash(i, 11)', 900, 2000)} AS p_retailprice, 'p' AS p_comment
      FROM range(1, ${PARTS + 1}) t(i)`,
  },
  {
    name: 'partsupp',
    chunkRows: 130,
    sql: `SELECT i::BIGINT AS ps_partkey, ${supplierOf('i', 'j')} AS ps_suppkey, (1 + hash(i, j) % 9999)::INTEGER AS ps_availqty, ${money('hash(i, j, 1)', 1, 1000)} AS ps_supplycost,
      'ps' AS ps_comment FROM range(1, ${PARTS + 1}) t(i), range(4) u(j)`,
  },
  {
    name: 'orders',
    chunkRows: 250,
    sql: `SELECT i::BIGINT AS o_orderkey, (1 + hash(i, 12) % 50 * 3)::BIGINT AS o_custkey, ${choose(['F', 'O', 'P'], 'hash(i, 13)')} AS o_orderstatus, ${money('hash(i, 14)', 900, 90000)} AS o_totalprice,
      DATE '1992-01-01' + (hash(i, 15) % 2405)::INTEGER AS o_orderdate, ${choose(['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'], 'hash(i, 16)')} AS o_orderpriority, 'Clerk' AS o_clerk,
      0::INTEGER AS o_shippriority, CASE WHEN i % 30 = 0 THEN 'some special urgent requests' ELSE 'o' END AS o_comment FROM range(1, ${ORDERS + 1}) t(i)`,
  },
  {
    name: 'lineitem',
    chunkRows: 700,
    sql: `SELECT o::BIGINT AS l_orderkey, part::BIGINT AS l_partkey, ${supplierOf('part', 'h % 4')} AS l_suppkey, n::INTEGER AS l_linenumber,
      (CASE WHEN o % 75 = 0 THEN 48 ELSE 1 + h % 50 END)::DECIMAL(15,2) AS l_quantity, ${money('hash(o, n, 1)', 900, 90000)} AS l_extendedprice, (hash(o, n, 2) % 11 / 100)::DECIMAL(15,2) AS l_discount,
      (hash(o, n, 3) % 9 / 100)::DECIMAL(15,2) AS l_tax, ${choose(['R', 'A', 'N'], 'hash(o, n, 4)')} AS l_returnflag, ${choose(['O', 'F'], 'hash(o, n, 5)')} AS l_linestatus,
      day + (1 + hash(o, n, 6) % 121)::INTEGER AS l_shipdate, day + (30 + hash(o, n, 7) % 61)::INTEGER AS l_commitdate, day + (2 + hash(o, n, 6) % 121 + hash(o, n, 8) % 30)::INTEGER AS l_receiptdate,
      ${choose(['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'], 'hash(o, n, 9)')} AS l_shipinstruct, ${choose(['AIR REG', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'], 'hash(o, n, 10)')} AS l_shipmode, 'l' AS l_comment
      FROM (SELECT i AS o, n, hash(i, n) % 1000003 AS h, 1 + hash(i, n) % 1000003 % ${PARTS} AS part, DATE '1992-01-01' + (hash(i, 15) % 2405)::INTEGER AS day
        FROM range(1, ${ORDERS + 1}) t(i), range(1, 8) u(n) WHERE n <= 1 + hash(i, 17) % 7 OR i % 75 = 0 ORDER BY ALL)`,
  },
] as const;
