"""The declared parameters of the sample retailer: what is true about the invented shop.

Nothing here is fitted or drawn. `docs/sample_retailer.md` explains how the numbers are used.
"""

from dataclasses import dataclass
from datetime import date

from retail_analytics.experiments.assignment import Plan

# the day after the last day of every sample, whatever its length
END = date(2025, 1, 1)
# customers are drawn in blocks of this size, which bounds the memory
BLOCK = 100_000
# numbers of orders, deliveries and the like that a block owns for each customer and year: far more
# than it needs, so that blocks never share one
NUMBERS_PER_CUSTOMER_YEAR = 8


@dataclass(frozen=True)
class Pattern:
    """A way of buying. Rates are Gamma(shape, mean), drop-out after a repeat order Beta(a, b)."""

    name: str
    share: float
    rate_shape: float = 0.0
    rate_per_day: float = 0.0
    dropout_a: float = 0.0
    dropout_b: float = 0.0
    is_seasonal: bool = False


@dataclass(frozen=True)
class Category:
    """A group of articles: prices are log-normal about the median, margin is a share of price."""

    name: str
    warehouse: int
    median_price: float
    margin: float
    lead_time_days: float
    is_perishable: bool = False


@dataclass(frozen=True)
class DemandKind:
    """How a product is asked for: on which share of days at all, and how many at a time."""

    name: str
    share: float
    active_day_share: float
    quantity_chance: float  # quantity = Geometric(chance), mean 1 / chance


@dataclass(frozen=True)
class Carrier:
    """A carrier: deliveries carried, days promised after the order, punctuality, lateness in
    days."""

    name: str
    share: float
    promise_days: int
    on_time_probability: float
    mean_days_late: float


@dataclass(frozen=True)
class IncidentKind:
    """A kind of warehouse incident with one description; the words decide its category."""

    category: str
    description: str
    extra_days: int
    duration_days: int


@dataclass(frozen=True)
class Channel:
    """A marketing channel.

    purchase_effect: probability that a touch causes an order that would not have been.
    order_share: share of the customers' orders caused by the channel at mean spend.
    shadow_share: share of orders preceded by a touch that did nothing for them.
    cost_per_touch: spend for each touch of a known customer; nothing for the shop's own channel.
    carry_over: part of a day's spend still working the day after (geometric adstock).
    half_saturation: adstock, in multiples of mean spend, at which half the response is reached.
    """

    name: str
    purchase_effect: float
    order_share: float
    cost_per_touch: float
    carry_over: float = 0.0
    half_saturation: float = 1.0
    shadow_share: float = 0.0
    days_on: int = 1
    days_off: int = 0


@dataclass(frozen=True)
class Team:
    """A support team: log-normal business minutes to the first reply, hours to the solution."""

    name: str
    reply_median_minutes: float
    resolve_median_hours: float


@dataclass(frozen=True)
class SupportHours:
    """Weekdays (1 Monday to 7 Sunday) on which a team, or `default` for all others, is there."""

    schedule: str
    zone: str
    iso_weekdays: tuple[int, ...]
    opens_at: str
    closes_at: str


@dataclass(frozen=True)
class PlantedChange:
    """Something that a watch should find, from the start of a day on, or from an hour for some.

    kind: tracking_gap (entity a channel; size = share recorded), outage (size = share of orders
    that come), devices (entity a device; size = its new share; lasts), prices (size = rise a month,
    from the first day on), unit (entity a column; size = factor).
    """

    kind: str
    entity: str
    starts_on: date
    size: float
    days: int = 0
    hour: int = 0
    hours: int = 0


@dataclass(frozen=True)
class SupportChange:
    """Something unusual in support, from the start of a day on, or from `hour` for some hours.

    kind: volume (size = times the usual tickets of the day), temporal (size = share of a day's
    tickets that come on top within the hours), team (size = factor on the team's times), sentiment
    (size = points of satisfaction), response (size = factor on the log standard deviation).
    """

    kind: str
    entity: str
    starts_on: date
    days: int
    size: float
    hour: int = 0
    hours: int = 24


@dataclass(frozen=True)
class Topic:
    """What a ticket is about, who answers it, and what the customer writes."""

    name: str
    team: int
    share: float
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Experiment:
    """A randomised test: the lift multiplies the buying rate of the treated for its length."""

    name: str
    starts_on: date
    length_days: int
    lift: float


@dataclass(frozen=True)
class FurtherExperiment:
    """A randomised test whose variants are drawn given the orders (`experiments.py`).

    lift: added to the rate of repeat orders of the treated; return_factor: on their chance to send
    an order back; treated_share: the share that really is treated, whatever was planned.
    """

    name: str
    starts_on: date
    enrolment_days: int
    length_days: int
    lift: float = 0.0
    return_factor: float = 1.0
    treated_share: float = 0.5


@dataclass(frozen=True)
class HoldOut:
    """A channel held back from a share of the customers, as an experiment or by a campaign.

    held_out_variant: the variant of those who are not shown it. budget: what a campaign cost.
    """

    name: str
    channel: str
    starts_on: date
    length_days: int
    share: float
    held_out_variant: str
    is_campaign: bool = False
    budget: float | None = None


@dataclass(frozen=True)
class LoyalCampaign:
    """A campaign to customers who ordered often (`loyalty.py`).

    lift: orders of those who are shown it beyond those that would have come, as a share of these.
    """

    name: str
    channel: str
    starts_on: date
    length_days: int
    fewest_orders: int
    held_out_share: float
    lift: float
    budget: float
    discount_rate: float | None = None


@dataclass(frozen=True)
class Process:
    """Every parameter of the data-generating process."""

    patterns: tuple[Pattern, ...] = (
        Pattern("frequent", 0.20, 2.2, 1 / 50, 1.5, 22.0),
        Pattern("seasonal", 0.30, 2.0, 1 / 130, 1.5, 13.0, is_seasonal=True),
        Pattern("one_time", 0.48),
        Pattern("no_order", 0.02),
    )
    # new customers per day: 1 + launch_boost * exp(-day / launch_days), times the market's
    # intensity
    launch_boost: float = 2.5
    launch_days: float = 75.0
    guests_per_customer: float = 0.23
    season_by_month: tuple[float, ...] = (1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 6, 6)
    weekday_weights: tuple[float, ...] = (1.0, 0.95, 0.95, 1.0, 1.1, 1.15, 0.85)
    hour_weights: tuple[float, ...] = (
        *(1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2, 3, 4, 5, 5),
        *(6, 5, 4.5, 4.5, 5, 6, 7, 8, 9, 8, 5, 2.5),
    )

    regions: tuple[str, ...] = ("North", "East", "South", "West", "Centre")
    region_weights: tuple[float, ...] = (0.18, 0.17, 0.20, 0.15, 0.30)
    sales_channels: tuple[str, ...] = ("web", "app", "phone")
    sales_channel_weights: tuple[float, ...] = (0.55, 0.37, 0.08)
    consent_share: float = 0.62

    categories: tuple[Category, ...] = (
        Category("Grocery", 0, 6.0, 0.28, 3, is_perishable=True),
        Category("Household", 0, 14.0, 0.38, 8),
        Category("Beauty", 0, 18.0, 0.52, 10),
        Category("Books", 1, 16.0, 0.35, 6),
        Category("Electronics", 1, 120.0, 0.22, 21),
        Category("Toys", 1, 24.0, 0.42, 18),
        Category("Clothing", 2, 38.0, 0.55, 28),
        Category("Sports", 2, 45.0, 0.40, 16),
    )
    warehouses: tuple[str, ...] = ("Central", "Harbour", "South")
    brands: tuple[str, ...] = ("Alder", "Birk", "Calla", "Dorn", "Esker", "Fenn", "Gale", "Hollin")
    price_log_sd: float = 0.45
    price_tiers: tuple[str, ...] = ("low", "middle", "high")
    # customers by price taste; a product of the tier a customer likes is this much more likely
    taste_weights: tuple[float, ...] = (0.4, 0.4, 0.2)
    taste_factor: float = 4.0
    favourite_category_share: float = 0.60
    staple_share: float = 0.35
    products_at_2000: int = 120
    product_growth: float = 0.25
    # weight of the product of popularity rank r is (r + shift) ** -exponent
    zipf_exponent: float = 0.9
    zipf_shift: float = 2.0
    # the most popular products are always steady; the kinds below are drawn for the others
    steady_top_share: float = 0.3
    demand_kinds: tuple[DemandKind, ...] = (
        DemandKind("steady", 0.55, 1.0, 0.75),
        DemandKind("intermittent", 0.20, 0.2, 0.75),
        DemandKind("bulky", 0.15, 1.0, 0.2),
        DemandKind("lumpy", 0.10, 0.2, 0.2),
    )
    extra_lines_mean: float = 1.1
    most_lines: int = 8
    # 20 to 29 November and 10 to 20 June: every price reduced
    sale_price_share: float = 0.9
    voucher_share: float = 0.10
    voucher_rates: tuple[float, ...] = (0.05, 0.10)
    unpriced_order_share: float = 0.004

    # per purchase: an order that was cancelled, and (where delivered) one that came back
    cancelled_per_purchase: float = 0.022
    returned_per_purchase: float = 0.034

    carriers: tuple[Carrier, ...] = (
        Carrier("Falcon Express", 0.20, 3, 0.96, 1.3),
        Carrier("Parcelway", 0.35, 4, 0.92, 1.6),
        Carrier("Greenline", 0.25, 5, 0.87, 2.2),
        Carrier("Budget Freight", 0.20, 6, 0.76, 3.5),
    )
    handling_hours: tuple[float, float] = (2.0, 30.0)
    incidents_per_year: int = 8
    warehouse_incident_weights: tuple[float, ...] = (0.45, 0.30, 0.25)
    incident_kinds: tuple[IncidentKind, ...] = (
        IncidentKind("Systems", "Order system outage in the picking hall", 2, 2),
        IncidentKind("Inventory", "Stock shortage of packing material and cartons", 2, 4),
        IncidentKind("Infrastructure", "Flood after heavy rain closed the loading bay", 4, 9),
        IncidentKind("External", "Strike at a delivery partner", 3, 6),
        IncidentKind("Systems", "Database failure stopped label printing", 1, 1),
        IncidentKind("Infrastructure", "Small fire in the sorting area", 3, 3),
        IncidentKind("Other", "Staff ill with influenza", 2, 5),
        IncidentKind("External", "Strike of carrier drivers before the holidays", 3, 24),
        IncidentKind("Systems", "Software update failed and scanners went offline", 2, 2),
        IncidentKind("Inventory", "Inventory count took longer than planned", 1, 3),
        IncidentKind("Infrastructure", "Weather damage to the building roof", 3, 7),
        IncidentKind("External", "Logistics hub closed by the authorities", 3, 5),
        IncidentKind("Systems", "Network outage between the two halls", 1, 1),
        IncidentKind("Other", "Forklift collision blocked the main aisle", 1, 2),
        IncidentKind("Inventory", "Shortage of pickable stock after a late container", 2, 6),
        IncidentKind("External", "Customs delay at our import partner", 3, 20),
    )
    affected_orders_log_sd: float = 0.15

    late_complaint_base: float = 0.15
    late_complaint_per_day: float = 0.05
    late_complaint_most: float = 0.60
    other_complaint_rate: float = 0.008
    complaint_topics: tuple[str, ...] = ("damaged article", "wrong article", "missing article")
    counted_topics: tuple[str, ...] = ("billing", "website")
    counted_complaints_per_order: float = 0.01

    sources: tuple[str, ...] = ("reviews", "social", "forum")
    source_weights: tuple[float, ...] = (0.5, 0.35, 0.15)
    mentions_per_order: float = 0.5
    mentions_per_day: float = 3.0
    # a mention is negative with this probability; late_7 = share of deliveries late, last 7 days
    negative_share: float = 0.08
    negative_share_per_late: float = 0.90
    positive_share_of_rest: float = 0.62

    reasons: tuple[str, ...] = (
        *("Service Dissatisfaction", "Late Deliveries", "Price", "Competitor Offer"),
        *("No Longer Needed", "Moved Away", "Other"),
    )
    reason_weights: tuple[float, ...] = (0.16, 0.06, 0.24, 0.18, 0.20, 0.08, 0.08)
    reason_weights_after_late: tuple[float, ...] = (0.34, 0.30, 0.10, 0.10, 0.07, 0.04, 0.05)
    notice_share: float = 0.25
    notice_share_after_late: float = 0.50
    notice_share_one_time: float = 0.05

    channels: tuple[Channel, ...] = (
        Channel("search", 0.45, 0.12, 9.00, 0.2, 1.5),
        Channel("email", 0.35, 0.10, 0.0),
        Channel("social", 0.15, 0.06, 5.00, 0.6, 0.8),
        Channel("display", 0.08, 0.02, 6.00, 0.8, 1.0, days_on=21, days_off=35),
        Channel("affiliate", 0.30, 0.05, 8.00, 0.0, 2.5),
        Channel("retargeting", 0.00, 0.00, 4.00, shadow_share=0.10),
    )
    # only used to scale spend with the number of customers
    purchases_per_customer: float = 3.7
    impressions_per_cent: float = 0.5
    click_rate: float = 0.012
    devices: tuple[str, ...] = ("mobile", "desktop", "tablet")
    device_weights: tuple[float, ...] = (0.58, 0.34, 0.08)

    teams: tuple[Team, ...] = (
        Team("Delivery", 35.0, 6.0),
        Team("Orders", 60.0, 10.0),
        Team("Returns", 120.0, 24.0),
        Team("Technical", 240.0, 48.0),
    )
    # business time: hours are those of the team's name, else of `default`
    support_hours: tuple[SupportHours, ...] = (
        SupportHours("default", "Europe/Berlin", (1, 2, 3, 4, 5), "08:00", "18:00"),
        SupportHours("default", "Europe/Berlin", (6,), "09:00", "14:00"),
        SupportHours("Technical", "America/New_York", (1, 2, 3, 4, 5), "09:00", "17:00"),
    )
    # month and day, every year: schedule (empty for all) and name
    support_holidays: tuple[tuple[int, int, str, str], ...] = (
        (1, 1, "", "New Year"),
        (5, 1, "default", "Labour Day"),
        (7, 4, "Technical", "Independence Day"),
        (10, 3, "default", "Day of German Unity"),
        (12, 25, "", "Christmas Day"),
        (12, 26, "default", "Boxing Day"),
    )
    # target, priority, channel and team (any where empty), minutes promised, clock
    sla_targets: tuple[tuple[str, str, str, str, int, str], ...] = (
        ("first_reply", "", "", "", 240, "business"),
        ("first_reply", "urgent", "", "", 60, "business"),
        ("first_reply", "high", "", "", 120, "business"),
        ("first_reply", "low", "", "", 480, "business"),
        ("first_reply", "", "chat", "", 120, "business"),
        ("resolution", "", "", "", 2880, "calendar"),
        ("resolution", "urgent", "", "", 1440, "calendar"),
        ("resolution", "", "", "Technical", 2400, "business"),
    )
    # agents: the logarithm of their times differs by this; one who began late takes longer
    agent_log_sd: float = 0.25
    newcomer_team: int = 1
    newcomer_from: date = date(2024, 3, 4)
    newcomer_factor: float = 1.8
    handle_median_minutes: tuple[float, ...] = (12.0, 9.0, 7.0)
    handle_log_sd: float = 0.5
    # between reply and solution a ticket waits for its customer with this chance, Exp(mean) long
    waiting_share: float = 0.30
    waiting_mean_hours: float = 20.0
    reopened_share: float = 0.06
    reopened_after_mean_days: float = 2.0
    # of a second solution over the first
    reopened_time_share: float = 0.5
    # share of messages with a sentence of bad or good mood; late deliveries make it worse
    bad_mood_share: float = 0.18
    bad_mood_share_late: float = 0.45
    good_mood_share: float = 0.12
    bad_moods: tuple[str, ...] = (
        " I am very angry and disappointed.",
        " This is terrible service!",
        " What an awful experience.",
    )
    good_moods: tuple[str, ...] = (
        " Thanks for your great help!",
        " I love your shop.",
        " You have been very kind so far.",
    )
    support_changes: tuple[SupportChange, ...] = (
        SupportChange("response", "all", date(2024, 3, 11), 7, 2.5),
        SupportChange("volume", "all", date(2024, 5, 15), 1, 3.0),
        SupportChange("temporal", "all", date(2024, 8, 7), 1, 1.5, hour=1, hours=2),
        SupportChange("team", "Returns", date(2024, 9, 2), 14, 2.5),
        SupportChange("sentiment", "all", date(2024, 10, 7), 28, -0.6),
    )
    reply_log_sd: float = 0.8
    resolve_log_sd: float = 0.9
    priorities: tuple[str, ...] = ("low", "normal", "high", "urgent")
    priority_weights: tuple[float, ...] = (0.20, 0.55, 0.18, 0.07)
    # factor on both medians of the team
    priority_factors: tuple[float, ...] = (1.6, 1.0, 0.7, 0.4)
    ticket_channels: tuple[str, ...] = ("email", "chat", "phone")
    ticket_channel_weights: tuple[float, ...] = (0.5, 0.3, 0.2)
    ticket_rate: float = 0.09
    ticket_rate_late: float = 0.25
    scored_share: float = 0.40
    late_topic: Topic = Topic(
        "late delivery",
        0,
        1.0,
        (
            "My parcel should have been here yesterday. Where is it?",
            "The promised day has passed and nothing has arrived.",
            "Tracking has not moved for days. Please find my parcel.",
        ),
    )
    topics: tuple[Topic, ...] = (
        Topic(
            "delivery question",
            0,
            0.22,
            ("When will my order arrive?", "Can I change the address?"),
        ),
        Topic(
            "order change",
            1,
            0.18,
            ("Please add one article to my order.", "I ordered the wrong size."),
        ),
        Topic(
            "invoice", 1, 0.15, ("I need an invoice for my order.", "The amount looks wrong to me.")
        ),
        Topic(
            "return", 2, 0.17, ("How do I send an article back?", "When do I get my money back?")
        ),
        Topic("damaged article", 2, 0.10, ("The box was open and the article is broken.",)),
        Topic("account", 3, 0.10, ("I cannot log in any more.", "The reset mail never comes.")),
        Topic(
            "website error",
            3,
            0.08,
            ("The basket is empty after I pay.", "The page shows an error."),
        ),
    )

    experiments: tuple[Experiment, ...] = (
        Experiment("free-shipping", date(2024, 5, 6), 180, 0.40),
        Experiment("green-button", date(2024, 9, 16), 60, 0.0),
    )
    enrolment_days: int = 7
    further_experiments: tuple[FurtherExperiment, ...] = (
        FurtherExperiment("easy-returns", date(2024, 2, 5), 28, 120, 0.10, 2.0),
        FurtherExperiment("checkout-layout", date(2024, 8, 5), 14, 45, treated_share=0.46),
        FurtherExperiment("reminder-mail", date(2024, 11, 11), 42, 60, 0.03),
    )
    # a comparison of models that rank a search: assigned by salted hash, measured per search
    model_experiment: str = "search-model"
    model_plan: Plan = Plan(
        salt="search-2024",
        variants=("small", "large", "tuned"),
        shares=(0.4, 0.3, 0.3),
        rollout=((date(2024, 10, 14), 0.25), (date(2024, 10, 21), 0.5)),
    )
    model_enrolment_days: int = 28
    searches_per_unit: float = 2.0
    model_success: tuple[float, ...] = (0.30, 0.33, 0.31)
    model_latency_ms: tuple[float, ...] = (180.0, 250.0, 184.0)
    model_latency_log_sd: float = 0.45
    model_cost: tuple[float, ...] = (0.0020, 0.0060, 0.0024)

    # pairs of products across categories, and how much likelier the second is beside the first
    pair_count: int = 12
    pair_lift: float = 4.0
    # products that some of the frequent customers buy one of, every so many days
    habit_products: int = 6
    habit_share_of_frequent: float = 0.09
    habit_days: float = 30.0
    habit_days_sd: float = 6.0
    habit_end_chance: float = 0.06

    hold_outs: tuple[HoldOut, ...] = (
        HoldOut("no-retargeting", "retargeting", date(2024, 1, 8), 300, 0.5, "treatment"),
        HoldOut("no-search", "search", date(2024, 7, 1), 150, 0.5, "treatment"),
        HoldOut("spring-mail", "email", date(2024, 4, 8), 28, 0.1, "control", True, 0.0),
        HoldOut("autumn-social", "social", date(2024, 10, 7), 28, 0.1, "control", True, 900.0),
    )
    # visits before an order lead to a retargeting touch, and so do so many times more without one
    visits_without_order: float = 2.0
    # a touch of the first channel within so many days of one of the second works more often: of its
    # touches without effect only this share is there
    synergy_channel: str = "search"
    synergy_after_channel: str = "social"
    synergy_days: int = 14
    synergy_idle_share: float = 0.3
    # impressions (mails sent) per touch of a channel that costs nothing
    impressions_per_own_touch: float = 25.0
    # a lively market: weekly spend varies by this much, and pauses in this share of weeks
    is_lively: bool = False
    lively_log_sd: float = 0.3
    lively_pause_share: float = 0.15

    # a watched market: changes that a watch over the shop's figures should find
    is_watched: bool = False
    planted_changes: tuple[PlantedChange, ...] = (
        PlantedChange("tracking_gap", "search", date(2024, 12, 9), 0.0, days=5),
        PlantedChange("outage", "checkout", date(2024, 12, 17), 0.0, hour=14, hours=6),
        PlantedChange("devices", "mobile", date(2024, 10, 14), 0.70),
        PlantedChange("prices", "all", date(2022, 1, 1), 0.003),
        PlantedChange("unit", "handle_minutes", date(2024, 12, 2), 60.0, days=7),
    )

    # competitors have a level of their own per product and follow our price after so many days
    competitors: tuple[str, ...] = ("Kaufwerk", "Nordhandel", "Preisinsel")
    competitor_products: int = 40
    competitor_log_sd: float = 0.12
    competitor_lag_days: int = 14
    competitor_every_days: int = 28
    # priced market: prices move on random Mondays and units by the elasticity of the category (in
    # the order of `categories`); these factors on the list price, with these weights
    is_priced: bool = False
    elasticities: tuple[float, ...] = (-0.8, -1.0, -1.2, -1.4, -1.6, -1.8, -2.0, -2.2)
    price_factors: tuple[float, ...] = (1.0, 0.9, 0.8, 0.7)
    price_factor_weights: tuple[float, ...] = (0.55, 0.15, 0.15, 0.15)
    price_spell_weeks: float = 5.0
    # priced market: campaigns to loyal customers, a tenth held out
    loyal_campaigns: tuple[LoyalCampaign, ...] = (
        LoyalCampaign("thanks-spring", "email", date(2024, 3, 4), 120, 3, 0.10, 0.15, 400.0),
        LoyalCampaign("voucher-autumn", "email", date(2024, 8, 5), 120, 3, 0.10, 0.15, 600.0, 0.10),
    )
    # priced market: a newsletter to who consents, log odds of opening it normal (level, sd), more
    # for who ordered lately; shares of the opens that click and that unsubscribe
    newsletter_count: int = 26
    newsletter_every_days: int = 14
    newsletter_level: float = -1.1
    newsletter_sd: float = 1.1
    newsletter_recent_days: int = 30
    newsletter_recent_effect: float = 0.8
    newsletter_click_share: float = 0.25
    newsletter_leave_share: float = 0.005
    # loyalty programme: share of each pattern (in the order of `patterns`) that joins, had joining
    # no effect; its true effect on the rate of repeat orders; a point per unit of money
    loyalty_join_shares: tuple[float, ...] = (0.60, 0.25, 0.06, 0.0)
    loyalty_lift: float = 0.10
    loyalty_tiers: tuple[tuple[str, int], ...] = (("silver", 0), ("gold", 600), ("platinum", 1800))
    loyalty_redeem_chance: float = 0.30
    loyalty_least_redeemed: int = 50
    loyalty_valid_days: int = 540

    # stock is reordered at lead-time demand + safety_factor * sd, for this many days of demand
    stock_safety_factor: float = 2.0
    stock_cover_days: float = 28.0
    perishable_cover_days: float = 7.0


PROCESS = Process()
