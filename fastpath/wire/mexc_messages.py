"""MEXC's protobuf messages as tables for the general reader.

Names and numbers: the venue's published websocket-proto definitions of June 2026. Prices, quantities and versions
are decimal text; times are milliseconds, in klines seconds.
"""

from __future__ import annotations

from fastpath.wire.protobuf import BOOL, INT32, INT64, STRING, Table, many, message, numbered

LIMIT_DEPTHS, DEALS, AGGRE_DEPTHS, AGGRE_DEALS, AGGRE_BOOK_TICKER = (
    "publicLimitDepths",
    "publicDeals",
    "publicAggreDepths",
    "publicAggreDeals",
    "publicAggreBookTicker",
)

_LEVEL = numbered(price=STRING, quantity=STRING)
_DEAL = numbered(price=STRING, quantity=STRING, tradeType=INT32, time=INT64)
_AGGRE_DEAL = numbered(price=STRING, quantity=STRING, tradeType=INT32, time=INT64, tradeId=STRING)
_BOOK_TICKER = numbered(bidPrice=STRING, bidQuantity=STRING, askPrice=STRING, askQuantity=STRING)
_INCREASE_DEPTHS = numbered(asks=many(_LEVEL), bids=many(_LEVEL), eventType=STRING, version=STRING)
_MINI_TICKER = numbered(
    symbol=STRING,
    price=STRING,
    rate=STRING,
    zonedRate=STRING,
    high=STRING,
    low=STRING,
    volume=STRING,
    quantity=STRING,
    lastCloseRate=STRING,
    lastCloseZonedRate=STRING,
    lastCloseHigh=STRING,
    lastCloseLow=STRING,
)
_KLINE = numbered(
    interval=STRING,
    windowStart=INT64,
    openingPrice=STRING,
    closingPrice=STRING,
    highestPrice=STRING,
    lowestPrice=STRING,
    volume=STRING,
    amount=STRING,
    windowEnd=INT64,
)
_LIMIT_DEPTHS = numbered(
    asks=many(_LEVEL), bids=many(_LEVEL), eventType=STRING, version=STRING, lastOrderCreateTime=INT64
)
_AGGRE_DEPTHS = numbered(
    asks=many(_LEVEL),
    bids=many(_LEVEL),
    eventType=STRING,
    fromVersion=STRING,
    toVersion=STRING,
    lastOrderCreateTime=INT64,
)
_AGGRE_BOOK_TICKER = numbered(
    bidPrice=STRING,
    bidQuantity=STRING,
    askPrice=STRING,
    askQuantity=STRING,
    version=STRING,
    lastOrderCreateTime=INT64,
)

_PRIVATE_ACCOUNT = numbered(
    vcoinName=STRING,
    coinId=STRING,
    balanceAmount=STRING,
    balanceAmountChange=STRING,
    frozenAmount=STRING,
    frozenAmountChange=STRING,
    type=STRING,
    time=INT64,
)
_PRIVATE_DEALS = numbered(
    price=STRING,
    quantity=STRING,
    amount=STRING,
    tradeType=INT32,
    isMaker=BOOL,
    isSelfTrade=BOOL,
    tradeId=STRING,
    clientOrderId=STRING,
    orderId=STRING,
    feeAmount=STRING,
    feeCurrency=STRING,
    time=INT64,
)
_PRIVATE_ORDERS = numbered(
    id=STRING,
    clientId=STRING,
    price=STRING,
    quantity=STRING,
    amount=STRING,
    avgPrice=STRING,
    orderType=INT32,
    tradeType=INT32,
    isMaker=BOOL,
    remainAmount=STRING,
    remainQuantity=STRING,
    lastDealQuantity=STRING,
    cumulativeQuantity=STRING,
    cumulativeAmount=STRING,
    status=INT32,
    createTime=INT64,
    market=STRING,
    triggerType=INT32,
    triggerPrice=STRING,
    state=INT32,
    ocoId=STRING,
    routeFactor=STRING,
    symbolId=STRING,
    marketId=STRING,
    marketCurrencyId=STRING,
    currencyId=STRING,
)

_BODIES: dict[int, tuple[str, Table]] = {
    301: (DEALS, numbered(deals=many(_DEAL), eventType=STRING)),
    302: ("publicIncreaseDepths", _INCREASE_DEPTHS),
    303: (LIMIT_DEPTHS, _LIMIT_DEPTHS),
    304: ("privateOrders", _PRIVATE_ORDERS),
    305: ("publicBookTicker", _BOOK_TICKER),
    306: ("privateDeals", _PRIVATE_DEALS),
    307: ("privateAccount", _PRIVATE_ACCOUNT),
    308: ("publicSpotKline", _KLINE),
    309: ("publicMiniTicker", _MINI_TICKER),
    310: ("publicMiniTickers", numbered(items=many(_MINI_TICKER))),
    311: ("publicBookTickerBatch", numbered(items=many(_BOOK_TICKER), version=STRING, lastOrderCreateTime=INT64)),
    312: ("publicIncreaseDepthsBatch", numbered(items=many(_INCREASE_DEPTHS), eventType=STRING)),
    313: (AGGRE_DEPTHS, _AGGRE_DEPTHS),
    314: (AGGRE_DEALS, numbered(deals=many(_AGGRE_DEAL), eventType=STRING)),
    315: (AGGRE_BOOK_TICKER, _AGGRE_BOOK_TICKER),
}
WRAPPER: Table = {
    1: ("channel", STRING),
    3: ("symbol", STRING),
    4: ("symbolId", STRING),
    5: ("createTime", INT64),
    6: ("sendTime", INT64),
} | {number: (name, message(table, oneof="body")) for number, (name, table) in _BODIES.items()}
