"""The configuration that `arb init` writes: every key, commented. configs/live.example.toml differs in its mode."""

TEMPLATE = """\
# arb: which exchanges are watched, what counts as an opportunity, how large it may be, and how it is traded.
# Every key but [exchanges] may be left out; the values here are the defaults. An unknown key is an error.
# ARB__SECTION__KEY in the environment overrides a key (ARB__SCAN__MIN_EDGE_BPS=5), and the command line overrides that.
# `arb config check` tells whether this file is right, `arb config show --resolved` what it comes to.
#
# Keys never stand here. Where a venue needs them (trading does, and reading MEXC's transfer networks; scanning does
# not), set ARB_MEXC_KEY and ARB_MEXC_SECRET (for some venues also ARB_<VENUE>_PASSPHRASE) in the environment, or write
# them to keys.toml in the folder arb of the XDG config folder ([mexc] key = "...", secret = "..."), chmod 600.

[exchanges]             # one line each; `arb exchanges` lists what can be named
mexc = {}               # {}: the native fast path where there is one, else ccxt
gateio = {}
# kucoin = { fastpath = false }     # through ccxt
# bitget = "ccxt"                   # the same, shorter

# What a venue's table may hold:
# [exchanges.kucoin]
# fastpath = true                   # insist on the native path; an error where there is none
# orders = "ccxt"                   # orders and balances through ccxt, books native: or the other way round
# rest_url = "https://127.0.0.1:8443"   # a proxy or a test host instead of the venue's own
# ws_url = "wss://127.0.0.1:8443/ws"
# feed = ""                         # a feed by name, instead of the one that scan.depth asks for
# taker_fee = "0.001"               # your own rates, as fractions: 0.001 is 0.1 %, 10 bps
# maker_fee = "0.001"
# buy_fee_coin = "quote"            # the coin the fee of a buy is taken in: "base" or "quote"
# sell_fee_coin = "quote"
# options = {}                      # for ccxt, as they are

[scan]
symbols = ["*/USDT"]    # BASE/QUOTE, * for any
min_edge_bps = "0"      # report no less than this, net of both fees
min_update_bps = "0.5"  # tell an open opportunity again when its net edge has moved so far
depth = "20"            # levels per side: top, 5, 20 or full
max_age_ms = 3000       # a book that has been silent for longer cannot be used
max_skew_ms = 3000      # nor can two whose last changes lie further apart
min_trust = "polled"    # polled, unchecked, whole, chained: what must stand behind a book
max_price_ratio = 1.5   # prices further apart are two coins of one name, or an error: the pair is put away ...
quarantine_s = 60.0     # ... for so long
audit_s = 30.0          # how often each book is held against the venue's REST book; 0: never
spin = false            # never let the event loop sleep: for a core of its own; also --spin

[size]                  # the most that is spent on a buy, its fee included, by quote coin
USDT = "500"            # --size sets this one
# BTC = "0.01"          # pairs in a coin without a line are refused with NO_SIZE

[policy]                # what nobody could tell and an opportunity may still be shown as UNKNOWN
may_be_unknown = ["identity", "transfer"]

[identity]              # your word on coins of one name: "ABC" on all venues, "ABC@mexc,gateio" on these
same = []
different = []

[fastpath]              # a native path that misreads its venue gives way to ccxt, whose books are `unchecked`: [risk]
auto = true             # min_trust says whether they are traded on. false: only `arb fastpath on|off` changes the path
window_s = 60.0         # within so long native may get wrong ...
max_errors = 10         # ... so many messages that it cannot read,
max_gaps = 20           # so many holes in books that had one before (crossed ones count), over all its books,
max_mismatches = 3      # and so many books that an audit finds wrong. One more, and the venue goes on through ccxt
clean_s = 120.0         # and back, when native has run beside it for so long without any of that, and has agreed

[cache]                 # markets, fees and networks; nothing else is ever kept
dir = ""                # "": arb/ in the XDG cache folder
ttl_h = 24.0

[log]
level = "INFO"          # TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR, CRITICAL; on stderr

[run]
mode = "paper"          # paper: filled here against the live books; sim: the simulated exchanges; live: real orders,
                        # and only with --live, keys and a pass of `arb doctor` under 24 h old
strategy = ["cross_venue"]
accept_unknown_rights = false   # true: live also with a key whose rights its venue does not tell (withdrawing!)

[execution]
min_profit_bps = "0"    # of a plan, made anew on the books of the moment of sending
slippage_bps = "0"      # how much worse than the price walked to a leg's cap may be; what it gives away must still pay
thin_first = false      # true: the leg with less depth goes first, the other when it is filled; else both at once
answer_ms = 2000        # an order without an answer for so long is UNKNOWN, and asked for ...
ask_ms = 500            # ... so often

[[execution.unwind]]    # the ladder for a cycle whose legs differ: tried in this order until they are equal
action = "retry"        # retry: what the lagging leg did not get, once more; reverse: back where the filled leg was
max_loss_bps = "10"     # filled; hedge: at the best third venue. The cap is a loss against the filled leg's own price
attempts = 2            # at most so many orders of this step

[[execution.unwind]]
action = "reverse"
max_loss_bps = "50"
attempts = 3

[risk]                  # amounts are in `currency`; other coins count at the books' price of the moment
currency = "USDT"
max_trade = "500"       # one cycle
max_venue = "2000"      # open legs and held residuals at one venue ...
max_coin = "1000"       # ... of one coin ...
max_total = "4000"      # ... in all
max_naked = "1000"      # one leg without the other; beyond it, or ...
max_naked_s = 10.0      # ... for longer: REDUCING, only what makes positions smaller
max_daily_loss = "50"   # realised since 00:00 UTC; beyond: HALTED until `arb resume`
max_losses = 5          # in a row; then REDUCING ...
cooldown_s = 60.0       # ... for so long
max_cycles = 4          # open at once
max_orders_per_min = 240    # over all venues
price_collar_bps = "300"    # of a leg's cap against the mid of the other venues' books
max_book_age_ms = 1500  # of both books at the moment of the plan ...
max_skew_ms = 1500      # ... so far apart at most ...
min_trust = "whole"     # ... and with this behind them: polled, unchecked, whole, chained
max_clock_error_ms = 250    # how far our idea of a venue's time may be wrong
max_loop_lag_ms = 250       # how late the event loop may be: beyond, nothing new begins
fee_coin_reserve = {}   # { "mexc:MX" = "2" }: must be free there for an order to go there
allow_unknown = []      # "identity", "transfer": what nobody can tell of a pair and may be traded all the same

[paper]                 # meant to be harder than live
latency_ms = 20         # one way; 0: the venue's measured round trip
jitter_ms = 15          # added at random, up to so much
depth_share = 0.5       # of each level, what we may hope to get
reject_share = 0.01     # orders refused at random
seed = 1
balances = {}           # { USDT = "5000", BTC = "0.05" }: what every venue holds at the start

[journal]
path = ""               # the SQLite file; "": arb/journal-<mode>.sqlite in the XDG data folder

[alerts]                # where to: ARB_ALERT_WEBHOOK, ARB_ALERT_SLACK, ARB_ALERT_TELEGRAM_TOKEN and _CHAT
on = ["halt", "residual", "private_lost", "limit", "mismatch", "breaker", "path"]  # also: "opportunity"
every_s = 5.0           # one message in this time at most; what comes meanwhile is put together
"""
