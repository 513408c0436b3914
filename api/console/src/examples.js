/** One document for each root field, made from nothing but the schema, so that the team's own fields get theirs. */

import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  parse,
  print,
} from "graphql";

const LEAVES = { object: 8, row: 4, brief: 2 };
const ROWS = { root: 5, nested: 3 };
const NESTED_LISTS = 2;
const PLACEHOLDERS = {
  Int: 1,
  Float: 1.5,
  Boolean: true,
  ID: "",
  BigInt: "1",
  Decimal: "1.50",
  Date: "2026-01-31",
  DateTime: "2026-01-31T12:00:00Z",
  Time: "12:00:00",
  Interval: "P1D",
  UUID: "00000000-0000-4000-8000-000000000000",
  JSON: {},
  Base64: "",
};

/**
 * Return an example for each root field, in the schema's order.
 *
 * Each has `name`, `group` (lists, objects, others or mutations), `description`, `document`, `variables` (some
 * value for each) and `lookup`: the document that finds real values for them, with `read`, which takes them
 * from its data and is null where there are no rows.
 */
export function makeExamples(schema) {
  const queries = fieldsOf(schema.getQueryType()).map((field) => makeExample(schema, field, "query"));
  const mutations = fieldsOf(schema.getMutationType()).map((field) => makeExample(schema, field, "mutation"));
  return [...queries, ...mutations];
}

function makeExample(schema, field, operation) {
  const wanted = field.args.filter(isRequiredArgument);
  const found = operation === "query" ? findRows(schema, field, wanted) : null;
  const declared = wanted.map(({ name, type }) => `$${name}: ${type}`).join(", ");
  const given = [...wanted.map(({ name }) => `${name}: $${name}`), ...pageSize(field, ROWS.root)].join(", ");
  const name = field.name[0].toUpperCase() + field.name.slice(1);
  const text = `${operation} ${name}${round(declared)} {
    ${field.name}${round(given)} ${selection(schema, field.type, found?.type)}
  }`;
  return {
    name: field.name,
    group: operation === "mutation" ? "mutations" : groupOf(field, wanted),
    description: field.description ?? "",
    document: print(parse(text)),
    variables: Object.fromEntries(wanted.map((each) => [each.name, placeholder(each.type)])),
    lookup: found && { document: found.document, read: found.read },
  };
}

function groupOf(field, wanted) {
  if (connectionRow(getNamedType(field.type))) return "lists";
  return wanted.length ? "objects" : "others";
}

/** What is selected of a type: brackets and all, nothing for a leaf. */
function selection(schema, outputType, concrete) {
  const type = getNamedType(outputType);
  if (isLeafType(type)) return "";
  const row = connectionRow(type);
  if (row) return connection(row, "row");
  if (isAbstractType(type)) return fragments(schema, type, concrete);
  return isListType(nullable(outputType)) ? object(type, "row") : object(type, "object");
}

function connection(row, size) {
  const page = size === "row" ? "pageInfo { hasNextPage endCursor }" : "";
  return `{ totalCount nodes ${object(row, size)} ${page} }`;
}

/** One fragment where we know what comes; else one a type, of fields that cannot contradict each other. */
function fragments(schema, type, concrete) {
  if (concrete) return `{ __typename ... on ${concrete} ${object(concrete, "object")} }`;
  const shared = isObjectType(type) || !type.getFields ? [] : leaves(type, "row");
  const each = schema.getPossibleTypes(type).map((one) => `... on ${one} { __typename }`);
  return `{ __typename ${shared.join(" ")} ${shared.length ? "" : each.join(" ")} }`;
}

function object(type, size) {
  const parts = leaves(type, size);
  if (size !== "brief") {
    for (const field of plain(type)) {
      const target = getNamedType(field.type);
      const isOne = isObjectType(target) && !isListType(nullable(field.type)) && !connectionRow(target);
      if (isOne && leaves(target, "brief").length) parts.push(`${field.name} ${object(target, "brief")}`);
    }
  }
  if (size === "object") {
    const lists = plain(type).filter((field) => connectionRow(getNamedType(field.type)));
    for (const field of lists.slice(0, NESTED_LISTS)) {
      const row = connectionRow(getNamedType(field.type));
      parts.push(`${field.name}${round(pageSize(field, ROWS.nested).join(", "))} ${connection(row, "brief")}`);
    }
  }
  return `{ ${parts.length ? parts.join(" ") : "__typename"} }`;
}

/** Names of the first fields that are values; in brief, the id and what names a row. */
function leaves(type, size) {
  const found = plain(type).filter((field) => isLeafType(getNamedType(field.type)));
  if (size !== "brief") return found.slice(0, LEAVES[size]).map((field) => field.name);
  const name = found.find((field) => getNamedType(field.type).name === "String");
  const brief = new Set([found.find((field) => field.name === "id"), name, ...found].filter(Boolean));
  return [...brief].slice(0, LEAVES.brief).map((field) => field.name);
}

/**
 * Find where rows come from that have a field for each wanted argument: a root list whose rows are of the type
 * that the field returns. `ids` of several are the `id` of each row.
 */
function findRows(schema, field, wanted) {
  const returned = getNamedType(field.type);
  if (!wanted.length || !isCompositeType(returned)) return null;
  for (const list of fieldsOf(schema.getQueryType())) {
    const row = connectionRow(getNamedType(list.type));
    const fits = row && (row === returned || (isAbstractType(returned) && schema.isSubType(returned, row)));
    if (!fits || list.args.some(isRequiredArgument)) continue;
    const sources = wanted.map((argument) => sourceOf(argument, row));
    if (sources.includes(null)) continue;
    const isMany = sources.some(({ isMany: each }) => each);
    const names = [...new Set(sources.map(({ name }) => name))].join(" ");
    const size = round(pageSize(list, isMany ? ROWS.nested : 1).join(", "));
    return {
      type: row,
      document: `{ ${list.name}${size} { nodes { ${names} } } }`,
      read: (data) => readRows(data[list.name].nodes, sources),
    };
  }
  return null;
}

function sourceOf(argument, row) {
  const isMany = isListType(nullable(argument.type));
  const name = isMany ? argument.name.replace(/s$/, "") : argument.name;
  const field = row.getFields()[name];
  const fits = field && !field.args.some(isRequiredArgument) && getNamedType(field.type) === getNamedType(argument.type);
  return fits ? { argument: argument.name, name, isMany } : null;
}

function readRows(rows, sources) {
  if (!rows.length) return null;
  return Object.fromEntries(
    sources.map(({ argument, name, isMany }) => [argument, isMany ? rows.map((row) => row[name]) : rows[0][name]]),
  );
}

/** Some value of an input type; of an input object, of all that it requires, or its first field if it is one-of. */
function placeholder(type, depth = 0) {
  if (isNonNullType(type)) return placeholder(type.ofType, depth);
  if (isListType(type)) return [placeholder(type.ofType, depth)];
  if (!isInputObjectType(type)) return type.getValues?.()[0].name ?? PLACEHOLDERS[type.name] ?? "text";
  const fields = Object.values(type.getFields());
  const needed = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
  if (depth > 5) return {};
  return Object.fromEntries(needed.map((field) => [field.name, placeholder(field.type, depth + 1)]));
}

/** The type of the rows where a type is a connection, else undefined. */
function connectionRow(type) {
  const { nodes, pageInfo } = isObjectType(type) ? type.getFields() : {};
  const row = nodes && pageInfo && getNamedType(nodes.type);
  return isObjectType(row) ? row : undefined;
}

function plain(type) {
  return fieldsOf(type).filter((field) => !field.args.some(isRequiredArgument));
}

function fieldsOf(type) {
  return Object.values(type?.getFields() ?? {}).filter((field) => field.deprecationReason == null);
}

function pageSize(field, rows) {
  return field.args.some(({ name }) => name === "first") ? [`first: ${rows}`] : [];
}

function nullable(type) {
  return isNonNullType(type) ? type.ofType : type;
}

function round(text) {
  return text && `(${text})`;
}
