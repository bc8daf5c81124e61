from arb.config import RiskConfig
from arb.limits import GATES, GUARDS, PARTS


def test_every_key_of_the_configuration_is_a_limit_and_nothing_else_is():
    limits = [*GATES, *GUARDS, *PARTS]
    assert len(limits) == len(set(limits))
    assert set(limits) - {"breaker", "refusal"} == set(RiskConfig.model_fields)


def test_a_part_belongs_to_a_limit():
    assert set(PARTS.values()) <= {*GATES, *GUARDS}
