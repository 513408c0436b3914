-- What wrk sends and looks at: bodies from a file, one a line, in turn; every answer must be data without errors.
-- CONTEST_BODIES names the file of bodies, CONTEST_HEADERS one with a "Name: value" a line.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  failures = 0
  failure = ""
  number = 0
  prepared = {}
  for line in io.lines(os.getenv("CONTEST_HEADERS")) do
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
  for line in io.lines(os.getenv("CONTEST_BODIES")) do
    prepared[#prepared + 1] = wrk.format("POST", nil, nil, line)
  end
end

function request()
  number = number % #prepared + 1
  return prepared[number]
end

function response(status, headers, body)
  if status ~= 200 or not body:find('^{%s*"data"%s*:%s*{') or body:find('"errors"', -2000, true) then
    failures = failures + 1
    if failure == "" then
      failure = status .. " " .. body:sub(1, 400)
    end
  end
end

function done(summary, latency, requests)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("failures")
    if thread:get("failure") ~= "" then
      io.write("FAILURE " .. thread:get("failure"):gsub("[\r\n]", " ") .. "\n")
    end
  end
  io.write(string.format(
    "RESULT %d %d %d %d %d %d\n",
    summary.requests, summary.duration, summary.bytes, failed, latency:percentile(50), latency:percentile(99)
  ))
end
