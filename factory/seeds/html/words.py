"""The words in class names, ids and headings by which authors of pages tell content from decoration.

They are words of the trade, used by every content system; none names a site.
"""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    """The words of a text as a set: a list of names that reads as one."""
    return frozenset(text.split())


BOILERPLATE = names(
    """
    navheader navfooter docnav navmenu subnav topnav breadcrumb breadcrumbs crumbs pagination pager footer foot
    colophon sidebar rail cookie cookies consent gdpr modal popup lightbox share sharing social socials
    newsletter subscribe subscription signup optin login signin register advert advertisement advertising
    sponsor sponsored related recommended recommendations recirc skiplink offcanvas megamenu searchform
    searchbox masthead nocontent feedback survey printfooter catlinks noprint printonly eqno upsell upsells sells usp
    usps disclaimer disclaimers wishlist swatch swatches facet facets refinements
    """
)
"""A node so named is dropped, unless it holds much of the page."""

OFFERS = names("cta banner disclosure disclosures")
"""A node so named stands in an article and is no part of it: what its publisher offers, or has to say."""

NAVIGATION = names("nav navbar navigation menu submenu menubar toolbar topbar")
"""A node so named is dropped, unless it consists of sentences or few of its words link: tabs, accordions and carousels
are named so as well."""

BESIDE = names("author authors authorbox bio byline date published timestamp readtime meta metadata")
"""A node so named stands beside an article, and says who wrote it and when. It is dropped where it is small."""

DOUBTFUL = names(
    """
    aside ad ads banner promo promotion promotions widget widgets similar popular trending skip dropdown
    overlay header head top bottom meta info tags tag tagcloud categories category byline author bio
    avatar profile rating ratings button buttons btn cta links link list tools actions action
    controls filter filters sort toc index copyright legal print caption
    credit carousel slider teaser teasers card cards more next prev previous form search language lang badge
    notice alert message
    """
)
"""A node so named is dropped where it is mostly links, very short, or hardly any prose."""

OF_PAGE = names("author authors contact date version revision release status copyright organization")
"""What a page says of itself in a list below its title: the bibliographic fields of docutils."""

NOTED = names(
    "note notes footnote footnotes tip hint caution warning danger important admonition callout topic"
)
"""A node so named says something to the reader of the text around it: no matter how short, or set aside, it stays."""

PRODUCT = names("product pdp")
"""A page whose body is so named shows one product, unless it is named as a list of them too."""

PRODUCTS = names(
    "archive article blog catalog category cat collection index list listing news post search tax taxonomy"
)
"""A page whose body is so named lists products, or writes of them."""

UNSEEN = names("hidden hide invisible sr-only visually-hidden screen-reader-text d-none is-hidden")
"""A node of such a class is not shown to a reader who sees."""

CONTENT = names(
    """
    article articlebody content contents main maincontent body entry post posts text story blog
    description prose markdown readme documentation document thread topic answer question
    """
)
"""A node so named is a candidate for the main content."""

REMARKS = names(
    """
    comment kommentar kommentare kommentarer commentaire commentaires commenti reacties komentarz komentarze
    """
)
"""A node so named holds what readers wrote below an article, or explains a declaration, where nobody signed it."""

COMMENTS = REMARKS | names("comments commentlist respond discussion replies disqus")
"""A node so named holds what readers wrote below an article."""

REVIEWS = names("review reviews ratings testimonials questions returns payment payments")
"""A node so named holds what buyers wrote below a product, or how it is paid and sent back."""

ENDINGS = tuple(
    ending.strip()
    for ending in """
    related articles / related posts / related stories / related topics / related content / related
    products / related reading / related links / related news / related / you may also like / you might
    also like / you may also be interested in / recommended for you / recommended / recommended reading
    / more from / more stories / more articles / more news / more posts / latest posts / latest news /
    latest articles / recent posts / recent articles / recent news / recent comments / popular posts /
    most popular / trending / trending now / share this / share this post / share this article / share /
    share on / leave a reply / leave a comment / post a comment / add a comment / comments / read next /
    up next / what to read next / subscribe / newsletter / sign up for our newsletter / follow us /
    about the author / categories / tags / archives / keep reading / customers also bought / customers
    also viewed / recently viewed / similar products / similar threads / similar items / similar listings /
    similar properties / similar homes / similar jobs / explore more / see also our /
    user contributed notes / user comments / feedback /
    mehr zum thema / lesen sie auch / das könnte sie auch interessieren / ähnliche artikel / ähnliche beiträge /
    weitere artikel / lire aussi / à lire aussi / à lire également / sur le même sujet / articles similaires /
    articles liés / noticias relacionadas / artículos relacionados / entradas relacionadas / te puede interesar /
    también te puede interesar / lea también / leia também / notícias relacionadas / artigos relacionados /
    leggi anche / articoli correlati / potrebbe interessarti anche / lees ook / gerelateerde artikelen / czytaj też /
    czytaj także / zobacz także / przeczytaj także / läs också / les også / læs også / lue myös / ilgili haberler /
    читайте также / похожие статьи / материалы по теме / читайте також / 相关阅读 / 相关新闻 / 相关文章 / 延伸閱讀 /
    相關新聞 / 関連記事 / あわせて読みたい / 관련기사 / 관련 기사
    """.replace("\n    ", " ").split("/")
)
"""Headings under which a page shows what is not its own content."""

JOINED = tuple(
    words.strip()
    for words in """
    joined / registered / member since / since / founded / join date / last seen / last active / last visit /
    dabei seit / mitglied seit / registriert / beigetreten / inscrit / inscription / registrado / registrato /
    miembro desde / membro desde / ingresso / iscritto / lid sinds / geregistreerd / medlem sedan / registrerad /
    liittynyt / dołączył / rejestracja / registrován / csatlakozott / kayıt / üyelik / bergabung / đăng ký /
    tham gia / регистрац / зарегистр / εγγραφή / 注册 / 註冊 / 加入 / 最后登录 / 最後登錄 / 登録 / 가입 /
    عضو / تاریخ عضویت / تاريخ التسجيل / انضم / সদস্য / सदस्य / เข้าร่วม / สมัครเมื่อ / הצטרף / נרשם
    """.replace("\n    ", " ").split("/")
)
"""The words before the day on which the author of a post became a member, in the languages of many forums."""

EDITED = tuple(
    words.strip()
    for words in """
    last edited / last modified / last updated / this post was last modified /
    zuletzt geändert / zuletzt bearbeitet / geändert von / bearbeitet von / editiert / einmal editiert /
    dernière modification / dernière édition / message édité / message modifié / modifié par / édité par /
    última edición / última modificación / editado / modificado / última edição / última modificação /
    ultima modifica / modificato / laatst gewijzigd / laatst bewerkt / laatst aangepast / gewijzigd / bewerkt /
    ostatnio zmieni / ostatnio edytowan / ostatnia zmiana / ostatnia edycja / edytowan / zmieniony /
    naposledy uprav / naposledy změn / upravil / upraveno / senast redigerad / senast ändrad / redigerad /
    sist redigert / senest rettet / viimeksi muok / muokattu / módosítva / szerkesztve / utoljára / editat /
    son düzenle / en son / düzenleyen / düzenlendi / последний раз редактир / сообщение отредактир / отредактир /
    изменён / изменен / редактировал / востаннє редаг / повідомлення відред / відредаг / τελευταία επεξ /
    τελευταία τροπ / επεξεργάσ / τροποποι / sửa lần cuối / chỉnh sửa lần cuối / lần sửa cuối / thay đổi nội dung /
    terakhir diubah / terakhir diedit / diubah oleh / 本帖最后由 / 本帖最後由 / 此帖由 / 最后编辑 / 最后修改 /
    最後編輯 / 编辑于 / 編輯於 / 最終更新 / 最終編集 / 編集 / 마지막 수정 / 최종 수정 / 수정됨 /
    التعديل الأخير / آخر تعديل / تم تعديل / تم التعديل / آخرین ویرایش / ویرایش توسط / ویرایش شده /
    แก้ไขล่าสุด / แก้ไขข้อความ / แก้ไขเมื่อ
    """.replace("\n    ", " ").split("/")
)
"""The words with which a note begins that a post was changed, in the languages of many forums."""

LATELY = tuple(
    words.strip()
    for words in """
    ago / yesterday / today / just now / vor / gestern / heute / il y a / hier / aujourd / hace / ayer / hoy / há /
    ontem / hoje / fa / ieri / oggi / geleden / gisteren / vandaag / temu / wczoraj / dziś / dzisiaj / před / včera /
    dnes / sedan / igår / idag / óta / tegnap / önce / dün / bugün / назад / вчера / сегодня / тому / вчора / сьогодні /
    πριν / χθες / σήμερα / trước / hôm qua / hôm nay / lalu / kemarin / hari ini / 前 / 昨 / 今 / 刚刚 / 剛剛 / 전 /
    어제 / 오늘 / 방금 / منذ / أمس / اليوم / پیش / دیروز / امروز / ที่แล้ว / เมื่อวาน / วันนี้
    """.replace("\n    ", " ").split("/")
)
"""The words by which a time is told from the day on which a page is read."""
