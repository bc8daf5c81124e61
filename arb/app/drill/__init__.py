"""Every limit of the risk gate put to the test on the simulated exchanges: `arb risk drill`.

stage        live books and accounts of the simulated exchanges, and the gates in front of them
scenarios    for each key of `RiskConfig` what must trip it, and what the gate must do then
run          starts it all, holds the drills, and tells
"""

from arb.app.drill.run import on_stage, risk_drill, run_drills
from arb.app.drill.scenarios import Drill, drills
from arb.app.drill.stage import Attempt, Stage

__all__ = ["Attempt", "Drill", "Stage", "drills", "on_stage", "risk_drill", "run_drills"]
