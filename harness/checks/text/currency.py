"""The signs and the ISO 4217 codes of currencies."""

import re

SIGNS = "$€£¥₹₩₽₺₴₪₫฿₦¢"
_ISO_4217 = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN
    NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK
    SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU
    UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL ZWG
    """
CODES = frozenset(_ISO_4217.split())
MONEY = re.compile(
    rf"[{SIGNS}]|\b(?:dollar|euro|pound|yen|yuan|franc|rupee|rouble|ruble|peso|kron[ae]|krone[rn]"
    r"|real|rand|won|zloty|lira|cent)s?\b"
)
"""A sign, or the name of a currency in a text of small letters."""
