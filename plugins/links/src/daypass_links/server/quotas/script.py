"""What Redis itself does, in one step for all quotas that a link falls under: give back, drop what is over, and count.

Both kinds of quota are one: so many may be counted that are not over, and what is counted is over when its minute has passed, or when the link
has ended. Of each key there are the seconds in which something is over, in order, and how much in each of them. Redis' own clock says what is over:
it is one for all processes.
"""

from __future__ import annotations

__all__ = ["COUNT", "MINUTE"]

#: How long a URL stays in its minute, in seconds: a whole minute after the second in which it was counted.
MINUTE = 61

#: Keys: of each quota the sorted set of seconds, and the hash of numbers. Arguments: of each quota its limit, how many are needed, how many are
#: wanted, for how many seconds they may be used, how long one then lasts, whether that is told from the second's start (a minute) or end (a link's
#: life), and how many of which second are given back.
#: Answers 0 and, of each quota, how many were counted and the second in which they are over; or the number of the quota that has no room, how
#: many there still could be, and in how many seconds there will be room, or -1 for never.
COUNT = """
local said, given = redis.call('TIME'), {}
local now = said[1] + said[2] / 1000000
local function take(seconds, numbers, second, count)
  local left = redis.call('HINCRBY', numbers, second, -count)
  redis.call('HINCRBY', numbers, 'total', -count)
  if left <= 0 then
    redis.call('HDEL', numbers, second)
    redis.call('ZREM', seconds, second)
  end
end
for i = 1, #KEYS / 2 do
  local seconds, numbers, at = KEYS[2 * i - 1], KEYS[2 * i], 8 * (i - 1)
  local back, second = tonumber(ARGV[at + 7]), ARGV[at + 8]
  if back > 0 and redis.call('HEXISTS', numbers, second) == 1 then
    take(seconds, numbers, second, back)
  end
  for _, over in ipairs(redis.call('ZRANGEBYSCORE', seconds, '-inf', now)) do
    take(seconds, numbers, over, redis.call('HGET', numbers, over) or 0)
  end
  if redis.call('EXISTS', seconds) == 0 then
    redis.call('DEL', numbers)
  end
end
for i = 1, #KEYS / 2 do
  local seconds, numbers, at = KEYS[2 * i - 1], KEYS[2 * i], 8 * (i - 1)
  local limit, need, want = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local total = tonumber(redis.call('HGET', numbers, 'total') or 0)
  if total + need > limit then
    local left, wait = total, -1
    for _, over in ipairs(redis.call('ZRANGE', seconds, 0, -1)) do
      left = left - (redis.call('HGET', numbers, over) or 0)
      if left + need <= limit then
        wait = math.max(1, math.ceil(over - now))
        break
      end
    end
    return {i, math.max(0, limit - total), wait}
  end
  given[i] = total + want <= limit and want or need
end
local answer = {0}
for i = 1, #KEYS / 2 do
  local seconds, numbers, at = KEYS[2 * i - 1], KEYS[2 * i], 8 * (i - 1)
  local over = now + ARGV[at + 4]
  if ARGV[at + 6] == 'start' then
    over = math.floor(over) + ARGV[at + 5]
  else
    over = math.ceil(over + ARGV[at + 5])
  end
  over = string.format('%d', over)
  if given[i] > 0 then
    redis.call('ZADD', seconds, over, over)
    redis.call('HINCRBY', numbers, over, given[i])
    redis.call('HINCRBY', numbers, 'total', given[i])
    local last = redis.call('ZRANGE', seconds, -1, -1)[1]
    redis.call('EXPIREAT', seconds, last + 1)
    redis.call('EXPIREAT', numbers, last + 1)
  end
  answer[2 * i] = given[i]
  answer[2 * i + 1] = tonumber(over)
end
return answer
"""
